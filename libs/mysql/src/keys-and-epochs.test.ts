import { afterAll, beforeAll, expect, test } from 'bun:test';
import { newToken } from '@parley/domain';
import { application, chat, messages } from './testing/events.ts';
import { type OwnDatabase, ownDatabase } from './testing/own-database.ts';

let database: OwnDatabase;
beforeAll(async () => {
  database = await ownDatabase();
});
afterAll(() => database.close());

const HOUR = 60 * 60 * 1_000;
const key = (digit: string, body = 'b') => ({ hash: digit.repeat(64), body: body.repeat(64) });

test('of all who open the same epoch of a partition one succeeds, and it is kept with its run', async () => {
  const { mysql } = database;
  expect(await mysql.epoch(3)).toBeUndefined();
  const race = (expected: number) =>
    Promise.all(
      ['a', 'b', 'c', 'd'].map((runId) =>
        mysql.openEpoch(3, expected, { epoch: expected + 1, runId: runId.repeat(40) }),
      ),
    );
  expect((await race(0)).filter(Boolean)).toHaveLength(1);
  expect((await mysql.epoch(3))?.epoch).toBe(1);
  expect((await race(1)).filter(Boolean)).toHaveLength(1);
  expect(await mysql.openEpoch(3, 1, { epoch: 2, runId: 'late' })).toBe(false);
  expect(await mysql.openEpoch(3, 2, { epoch: 3, runId: 'next' })).toBe(true);
  const epoch = await mysql.epoch(3);
  expect(epoch).toMatchObject({ epoch: 3, runId: 'next' });
  expect(Math.abs(Date.now() - (epoch?.openedAt ?? 0))).toBeLessThan(10_000);
  expect(await mysql.epoch(4)).toBeUndefined();
});

test('a create that came with a key is found by it, within its scope alone', async () => {
  const { mysql } = database;
  const token = newToken();
  const made = { ...application(token), key: key('1') };
  const opened = { ...chat(token, 4), key: key('2') };
  const said = { ...messages(token, 7, ['a', 'b'], 4), key: key('3') };
  await mysql.store.append([made, opened, said]);
  expect(await mysql.keyedCreate('applications', key('1').hash)).toEqual({
    eventId: made.id,
    bodyHash: key('1').body,
    token,
    first: 0,
    epoch: 1,
    at: made.at,
  });
  expect(await mysql.keyedCreate(token, key('2').hash)).toMatchObject({ eventId: opened.id, token, first: 4 });
  expect(await mysql.keyedCreate(token, key('3').hash)).toMatchObject({ eventId: said.id, token, first: 7 });
  expect(await mysql.keyedCreate(token, key('1').hash)).toBeUndefined();
  expect(await mysql.keyedCreate(newToken(), key('2').hash)).toBeUndefined();
});

test('a key keeps its first create for 24 hours, then it belongs to the next; either way the create is stored', async () => {
  const { mysql } = database;
  const token = newToken();
  const now = Date.now();
  const at = (hours: number, first: number) => ({
    ...messages(token, first, [`at ${hours}`]),
    at: now + hours * HOUR,
    key: key('4', String(first)),
  });
  const [first, second, third] = [at(0, 1), at(23.9, 2), at(24.1, 3)];
  await mysql.store.append([application(token), chat(token), first]);
  expect(await mysql.store.append([second])).toMatchObject({ rows: 1 });
  expect(await mysql.keyedCreate(token, key('4').hash)).toMatchObject({ eventId: first.id, first: 1, at: first.at });
  expect(await mysql.store.append([third])).toMatchObject({ rows: 1 });
  expect(await mysql.keyedCreate(token, key('4').hash)).toMatchObject({
    eventId: third.id,
    bodyHash: key('4', '3').body,
    first: 3,
    at: third.at,
  });
});

test('keys whose time is over are pruned, others stay', async () => {
  const { mysql } = database;
  const token = newToken();
  const aged = (hours: number, first: number, digit: string) => ({
    ...messages(token, first, ['x']),
    at: Date.now() - hours * HOUR,
    key: key(digit),
  });
  await mysql.store.append([application(token), chat(token), aged(23, 1, '5'), aged(26, 2, '6')]);
  while ((await mysql.ledger.prune(10)) > 0);
  expect(await mysql.keyedCreate(token, key('5').hash)).toBeDefined();
  expect(await mysql.keyedCreate(token, key('6').hash)).toBeUndefined();
});
