import { expect, test } from 'bun:test';
import { type Expired, newToken, type Retained, type Token, Unavailable } from '@parley/domain';
import { createLogger } from '@parley/runtime';
import { RetentionJob } from './retention-job.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;

/** A job over applications by partition. `expired`: what each call returns. */
function jobOver(applications: readonly (readonly Retained[])[], expired: (after: number) => Expired) {
  const told: { token: Token; before: number; seq: number; after: number }[] = [];
  const fences: Token[] = [];
  const job = new RetentionJob({
    purge: {
      retained: async (partition, after, limit) =>
        applications[partition]!.filter(({ token }) => after === undefined || token > after).slice(0, limit),
      expire: async (token, before, seq, after) => {
        told.push({ token, before, seq, after });
        return expired(after);
      },
    },
    events: {
      fence: async (token) => {
        fences.push(token);
        return fences.length;
      },
    },
    ...{ partitions: applications.length, logger: createLogger('test', 'silent'), pattern: '0 0 * * * *', share: 1 },
  });
  return { job, told, fences };
}

const retained = (count: number, days = 7): Retained[] =>
  Array.from({ length: count }, () => ({ token: newToken(), days })).sort((a, b) => (a.token < b.token ? -1 : 1));

test('each application passes a fence first, then all its chats are looked at', async () => {
  const applications = [retained(1), retained(150)];
  const { job, told, fences } = jobOver(applications, (after) => ({
    chats: 1,
    next: after < 200 ? after + 100 : undefined,
  }));
  const begun = Date.now();
  await job.run();
  const tokens = applications.flat().map(({ token }) => token);
  expect(fences).toEqual(tokens);
  expect(told.map(({ token }) => token)).toEqual(tokens.flatMap((token) => [token, token, token]));
  expect(told.slice(0, 3).map(({ after, seq }) => [after, seq])).toEqual([0, 100, 200].map((after) => [after, 1]));
  for (const { before } of told) {
    expect(before).toBeGreaterThanOrEqual(begun - 7 * DAY_MS);
    expect(before).toBeLessThanOrEqual(Date.now() - 7 * DAY_MS);
  }
});

test('an application that fails does not hold up the others', async () => {
  const applications = [retained(3)];
  let calls = 0;
  const { job, told } = jobOver(applications, () => {
    calls += 1;
    if (calls === 1) throw new Unavailable('store', 'The store is away.');
    return { chats: 0 };
  });
  await job.run();
  expect(told.map(({ token }) => token)).toEqual(applications.flat().map(({ token }) => token));
});

test('a stop ends the run after its present step; it may come twice', async () => {
  const applications = [retained(3)];
  const made = jobOver(applications, (after) => {
    void made.job.stop();
    return { chats: 0, next: after + 1 };
  });
  made.job.start();
  await made.job.run();
  await made.job.stop();
  expect(made.told).toHaveLength(1);
});
