/**
 * Faults of workers: they crash again and again, are frozen in an open transaction, or die while the index is rebuilt.
 */

import { join } from 'node:path';
import { appEnvironment } from '@parley/stack/apps';
import { until } from '@parley/testing';
import type { Connection } from 'mysql2/promise';
import type { Fault, FaultContext } from '../fault.ts';
import { withDeadLetters, withMysql } from '../observe.ts';
import { type AppName, type FaultStack, PARTITIONS } from '../stack.ts';

const WORKERS: readonly AppName[] = ['worker-1', 'worker-2'];
const CRASHES = 10;
const TRANSACTION_WITHIN_MS = 30_000;
const LARGE_AT_ONCE = 4;
/** How often the worker is killed: above the queues' delivery limit of 50. */
const CRASHES_HOLDING = 56;
const REPLAYED_WITHIN_MS = 60_000;
const LETTERS_AT_ONCE = 1_000;

async function crashLoop({ stack, tell }: FaultContext, workers: readonly AppName[]): Promise<void> {
  let starting = Promise.resolve('');
  for (let crash = 1; crash <= CRASHES; crash += 1) {
    for (const worker of workers) if (stack.isRunning(worker)) await stack.kill(worker);
    await starting;
    // The next round kills the workers, ready or not, so this start may fail.
    starting = stack.command('start', ...workers).catch(() => '');
    await until('the workers run', async () => workers.every((worker) => stack.isRunning(worker)), 20_000);
    await Bun.sleep(1_000);
  }
  await starting;
  tell(`crashed ${CRASHES} times`);
}

/**
 * Kills the only worker again and again with deliveries that it cannot commit. The first one uses up its delivery
 * limit; those that wait behind it must not.
 */
async function crashHolding({ stack, tell }: FaultContext): Promise<void> {
  await stack.kill('worker-2');
  await withMysql(stack, async (mysql) => {
    await keepFromCommitting(mysql);
    for (let crash = 1; crash <= CRASHES_HOLDING; crash += 1) {
      await stack.kill('worker-1');
      const ofDeadWorker = await storing(mysql); // MySQL may not have noticed yet that the worker is dead
      await stack.start('worker-1');
      await until(
        'the worker tries to store',
        async () => {
          return (await storing(mysql)).some((id) => !ofDeadWorker.includes(id));
        },
        20_000,
      );
    }
    await stack.kill('worker-1');
  });
  tell(`crashed ${CRASHES_HOLDING} times with unacked deliveries`);
}

/** Locks the rows of all partitions, which each commit needs, until the connection ends. */
async function keepFromCommitting(mysql: Connection): Promise<void> {
  await mysql.query('SET SESSION innodb_lock_wait_timeout = 30');
  await mysql.query('BEGIN');
  await mysql.query('SELECT partition_number FROM partitions FOR UPDATE');
}

/** The ids of transactions in which a worker inserts messages or waits to commit. */
async function storing(mysql: Connection): Promise<string[]> {
  const [rows] = await mysql.query(
    `SELECT CAST(trx_id AS CHAR) AS id FROM information_schema.innodb_trx
     WHERE trx_query LIKE 'INSERT INTO messages%' OR trx_query LIKE 'UPDATE partitions SET seq%'`,
  );
  return (rows as { id: string }[]).map(({ id }) => id);
}

/** Replays the dead letters like an operator. @throws if there are none, or more than one for each partition */
async function replayWornOut({ stack, tell }: FaultContext): Promise<void> {
  await withDeadLetters(stack, async (deadLetters) => {
    const letters = await deadLetters.list(LETTERS_AT_ONCE);
    const wornOut = letters.filter(({ reason }) => reason === 'undeliverable').length;
    tell(`${wornOut} envelopes wore out, of ${PARTITIONS} partitions`);
    if (wornOut > PARTITIONS) throw new Error(`${wornOut} envelopes wore out, not only the first of each partition`);
    if (wornOut === 0) throw new Error('nothing wore out, so nothing is shown');
    await stack.start(...WORKERS);
    await until(
      'the dead letters are stored',
      async () => {
        await deadLetters.replay(LETTERS_AT_ONCE);
        return (await deadLetters.count()) === 0;
      },
      REPLAYED_WITHIN_MS,
    );
  });
}

/**
 * Freezes a worker between its writes and its commit, so that MySQL keeps its locks. A usual transaction is one packet,
 * in which no worker can freeze. So large batches are sent, whose transactions take several packets.
 */
async function freezeInTransaction({ stack, load, random, tell }: FaultContext, worker: AppName): Promise<void> {
  await until(
    `${worker} is frozen inside a transaction`,
    async () => {
      for (let batch = 0; batch < LARGE_AT_ONCE; batch += 1) load.large();
      await Bun.sleep(random.integer(50, 150));
      stack.signal(worker, 'SIGSTOP');
      const before = await openTransactions(stack);
      await Bun.sleep(100);
      // The other worker's transactions have ended by now, so one that is still open is the frozen worker's.
      const after = await openTransactions(stack);
      if (after.some((id) => before.includes(id))) return true;
      stack.signal(worker, 'SIGCONT');
      return false;
    },
    TRANSACTION_WITHIN_MS,
  );
  tell(`${worker} is frozen inside a transaction`);
}

async function openTransactions(stack: FaultStack): Promise<string[]> {
  return withMysql(stack, async (mysql) => {
    const [rows] = await mysql.query(
      'SELECT CAST(trx_id AS CHAR) AS id FROM information_schema.innodb_trx WHERE trx_rows_modified > 0',
    );
    return (rows as { id: string }[]).map(({ id }) => id);
  });
}

function startReindex({ settings }: FaultStack): Bun.Subprocess {
  return Bun.spawn([process.execPath, join(settings.repository, 'apps/cli/src/main.ts'), 'reindex'], {
    env: { PATH: process.env.PATH, ...appEnvironment(settings, 'worker', 0) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

export const workerFaults: readonly Fault[] = [
  {
    name: 'worker-crash-loop',
    description: `one worker is killed ${CRASHES} times, each a second after it started`,
    holdMs: 0,
    inject: (context) => crashLoop(context, ['worker-1']),
    heal: async ({ stack }) => {
      await stack.start(...WORKERS);
    },
  },
  {
    name: 'workers-crash-loop',
    description: `all workers are killed ${CRASHES} times, each a second after it started`,
    holdMs: 0,
    inject: (context) => crashLoop(context, WORKERS),
    heal: async ({ stack }) => {
      await stack.start(...WORKERS);
    },
  },
  {
    name: 'workers-crash-holding',
    description: `the only worker is killed ${CRASHES_HOLDING} times with unacked deliveries that it cannot commit, then the dead letters are replayed`,
    holdMs: 0,
    inject: crashHolding,
    heal: replayWornOut,
  },
  {
    name: 'worker-frozen',
    description: 'a worker stands still inside its transaction for 15 s, its partitions move to the other, it goes on',
    holdMs: 15_000,
    inject: (context) => freezeInTransaction(context, 'worker-1'),
    heal: async ({ stack }) => stack.signal('worker-1', 'SIGCONT'),
  },
  {
    name: 'reindex-worker-killed',
    description: 'a worker is killed while the index is rebuilt',
    holdMs: 1_000,
    rebuildsIndex: true,
    inject: async ({ stack }) => {
      const reindex = startReindex(stack);
      await Bun.sleep(700);
      await stack.kill('worker-1');
      if ((await reindex.exited) !== 0) throw new Error('reindex failed');
    },
    heal: async ({ stack }) => {
      await stack.start('worker-1');
    },
  },
  {
    name: 'reindex-killed',
    description: 'the rebuilding of the index is killed half way, and done again',
    holdMs: 1_000,
    rebuildsIndex: true,
    inject: async ({ stack }) => {
      const reindex = startReindex(stack);
      await Bun.sleep(700);
      reindex.kill('SIGKILL');
      await reindex.exited;
    },
    heal: async ({ stack }) => {
      if ((await startReindex(stack).exited) !== 0) throw new Error('the second reindex failed');
    },
  },
];
