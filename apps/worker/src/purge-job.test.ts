import { expect, test } from 'bun:test';
import { newToken, type Owner, type Purge, type PurgeTask, Unavailable } from '@parley/domain';
import { createLogger } from '@parley/runtime';
import { until } from '@parley/testing';
import { Registry } from 'prom-client';
import { PurgeJob } from './purge-job.ts';

const [one, two] = [newToken(), newToken()];

interface Fake {
  /** The rows of each task that are left, the oldest task first. */
  tasks: (PurgeTask & { rows: number })[];
  told: string[];
  fails: (what: string) => boolean;
  /** Whether a task ends with its last rows, not only when none is left. */
  endsWithRows: boolean;
}

const task = (owner: Owner, rows: number, more: Partial<PurgeTask> = {}) => ({
  ...{ partition: 0, owner, since: Date.now() - 5_000, rows },
  ...more,
});
const shown = ({ token, chat }: Owner) => `${token === one ? 'one' : 'two'}${chat === undefined ? '' : `/${chat}`}`;

/**
 * A job over fake parts and a fake clock, on which a step takes 10 ms. It stops when it has found nothing to do twice.
 */
function jobOver(tasks: Fake['tasks'], { partitions = 1, share = 0.2, stop = true } = {}) {
  const fake: Fake = { tasks, told: [], fails: () => false, endsWithRows: false };
  let now = 0;
  let worked = 0;
  let idle = 0;
  const say = (what: string) => {
    fake.told.push(what);
    if (fake.fails(what)) throw new Unavailable('store', 'The store is away.');
  };
  const find = ({ owner }: PurgeTask) => fake.tasks.findIndex((other) => other.owner === owner);
  const purge: Pick<Purge, 'next' | 'latest' | 'step' | 'waiting'> = {
    next: async (partition) => fake.tasks.find((each) => each.partition === partition),
    latest: async (partition, limit) =>
      fake.tasks
        .filter((each) => each.partition === partition)
        .reverse()
        .slice(0, limit),
    step: async (given) => {
      say(`step ${shown(given.owner)}`);
      now += 10;
      worked += 10;
      const left = fake.tasks[find(given)];
      const rows = Math.min(1_000, left?.rows ?? 0);
      if (left !== undefined) left.rows -= rows;
      if (rows === 0 || (fake.endsWithRows && left?.rows === 0))
        fake.tasks = fake.tasks.filter((other) => other !== left);
      return rows;
    },
    waiting: async () => ({ tasks: fake.tasks.length, oldestAt: fake.tasks[0]?.since }),
  };
  const registry = new Registry();
  const job = new PurgeJob({
    ...{ purge: purge as Purge, partitions, share, registry, logger: createLogger('test', 'silent') },
    numbering: { retire: async (owner) => say(`retire ${shown(owner)}`) },
    sweep: async () => say('sweep'),
    clock: {
      now: () => now,
      pause: async (milliseconds) => {
        now += milliseconds;
        await Bun.sleep(0);
        if (stop && fake.tasks.length === 0) idle += 1;
        if (idle === 3) void job.stop();
      },
    },
  });
  const value = async (name: string) => (await registry.getSingleMetric(name)!.get()).values[0]!.value;
  return { fake, job, value, clock: () => ({ now, worked }) };
}

/** Runs the job until it has nothing to do. */
async function ended({ fake, job }: ReturnType<typeof jobOver>): Promise<string[]> {
  job.start();
  await until('nothing is left', async () => fake.tasks.length === 0);
  await until('it has swept', async () => fake.told.at(-1) === 'sweep');
  await job.stop();
  return fake.told;
}

test('a task begins with the end of its numbers, and its dead letters go before its rows are gone', async () => {
  const told = await ended(jobOver([task({ token: one }, 1_500), task({ token: two, chat: 3 }, 10)]));
  expect(told.filter((what) => what !== 'sweep')).toEqual([
    ...['retire two/3', 'retire one'],
    ...['step one', 'step one', 'step one', 'step two/3', 'step two/3'],
  ]);
  expect(told.indexOf('sweep')).toBeLessThan(told.indexOf('step one'));
  expect(told.at(-1)).toBe('sweep');
});

test('the numbers of a chat that lives do not end with its old messages', async () => {
  const told = await ended(jobOver([task({ token: one, chat: 1 }, 10, { through: 10 })]));
  expect(told).not.toContain('retire one/1');
});

test('no row is removed before the numbers have ended; the job tries again', async () => {
  const made = jobOver([task({ token: one }, 10)]);
  let failures = 2;
  made.fake.fails = (what) => what === 'retire one' && failures-- > 0;
  const told = await ended(made);
  expect(told.filter((what) => what !== 'sweep')).toEqual([
    ...['retire one', 'retire one', 'retire one'],
    ...['step one', 'step one'],
  ]);
});

test('the numbers of what was deleted end soon, also behind a long task that runs, and after a failure', async () => {
  const made = jobOver([task({ token: one }, 1_000_000_000)], { stop: false });
  made.job.start();
  await until('it works', async () => made.fake.told.filter((what) => what === 'step one').length > 30);
  let failures = 2;
  made.fake.fails = (what) => what === 'retire two/3' && failures-- > 0;
  made.fake.tasks.push(task({ token: two, chat: 3 }, 10), task({ token: two, chat: 4 }, 10, { through: 5 }));
  const retired = () => made.fake.told.filter((what) => what.startsWith('retire two'));
  await until('they have ended', async () => retired().length === 3);
  const steps = made.fake.told.length;
  await until('some steps more', async () => made.fake.told.length > steps + 30);
  expect(retired()).toEqual(['retire two/3', 'retire two/3', 'retire two/3']);
  expect(made.fake.told).not.toContain('step two/3');
  await made.job.stop();
});

test('a delete is swept soon, also behind a long task that runs', async () => {
  const made = jobOver([task({ token: one }, 1_000_000_000)], { stop: false });
  made.job.start();
  const sweeps = () => made.fake.told.filter((what) => what === 'sweep').length;
  await until('it works', async () => made.fake.told.filter((what) => what === 'step one').length > 30);
  const before = sweeps();
  const steps = made.fake.told.length;
  await until('some steps more', async () => made.fake.told.length > steps + 30);
  expect(sweeps()).toBe(before); // nothing was deleted: the dead letters are left alone
  made.fake.tasks.push(task({ token: two }, 10));
  await until('it has swept', async () => sweeps() > before);
  expect(made.fake.told).not.toContain('step two');
  await made.job.stop();
});

test('the dead letters are swept again once a long task has ended, also if its last step removes rows', async () => {
  const made = jobOver([task({ token: one }, 200_000)]);
  made.fake.endsWithRows = true;
  const told = await ended(made);
  expect(told.lastIndexOf('sweep')).toBeGreaterThan(told.lastIndexOf('step one'));
});

test('the dead letters are swept from time to time, and at the start, without any task', async () => {
  const made = jobOver([], { stop: false });
  made.job.start();
  await until('it has swept', async () => made.fake.told.length >= 3);
  await made.job.stop();
  expect(new Set(made.fake.told)).toEqual(new Set(['sweep']));
  expect(made.clock().now).toBeGreaterThan(60_000);
});

test('a partition that fails does not hold up another', async () => {
  const made = jobOver([task({ token: one }, 10), task({ token: two }, 10, { partition: 1 })], { partitions: 2 });
  made.fake.fails = (what) => what === 'step one';
  made.job.start();
  await until('the other is done', async () => made.fake.tasks.length === 1);
  await made.job.stop();
  expect(made.fake.tasks[0]?.owner.token).toBe(one);
});

test('it works in its share of the time, and shows how much is left', async () => {
  const made = jobOver([task({ token: one }, 100_000_000)], { share: 0.2 });
  made.job.start();
  await until('some is done', async () => made.fake.told.length > 20);
  expect(await made.value('parley_purge_tasks')).toBe(1);
  expect(await made.value('parley_purge_oldest_seconds')).toBeGreaterThanOrEqual(5);
  const { now, worked } = made.clock();
  expect(worked / now).toBeLessThan(0.25);
  made.fake.tasks[0]!.rows = 500;
  await ended(made);
  const steps = made.fake.told.filter((what) => what === 'step one').length;
  expect(await made.value('parley_purged_rows_total')).toBe((steps - 2) * 1_000 + 500);
  expect(await made.value('parley_purge_tasks')).toBe(0);
  expect(await made.value('parley_purge_oldest_seconds')).toBe(0);
});

test('it stops twice, also before it was started', async () => {
  const { job } = jobOver([]);
  await job.stop();
  await job.stop();
  job.start();
  await job.stop();
});
