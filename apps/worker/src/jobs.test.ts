import { expect, test } from 'bun:test';
import type { Counters, Ledger } from '@parley/domain';
import { createLogger } from '@parley/runtime';
import { Registry } from 'prom-client';
import { Jobs } from './jobs.ts';

type Flushed = Awaited<ReturnType<Ledger['rotateAndFlush']>>;

/**
 * Jobs over a ledger with this function for flushes. Records which records (prune) and live counts (drop) they delete.
 */
function jobsOver(flush: (partition: number) => Promise<Flushed>) {
  const told: string[] = [];
  const ledger: Pick<Ledger, 'rotateAndFlush' | 'prune'> = {
    rotateAndFlush: flush,
    prune: async (partition) => {
      told.push(`prune ${partition}`);
      return 0;
    },
  };
  const counters: Pick<Counters, 'drop'> = {
    drop: async (partition, through) => void told.push(`drop ${partition} through ${through}`),
  };
  const jobs = new Jobs({
    ledger: ledger as Ledger,
    counters: counters as Counters,
    partitions: 3,
    window: { ms: 60_000, bytes: 1_000_000 },
    raiseLevel: async () => void told.push('raise'),
    logger: createLogger('test', 'silent'),
    registry: new Registry(),
    flushPattern: '0 * * * * *',
    recountPattern: '*/10 * * * * *',
  });
  return { jobs, told };
}

test('live counts are dropped one flush after this worker summed them: a reader may still have the row before', async () => {
  // Between two flushes of this worker, others have flushed each partition several times.
  const generations = [10, 20, 30];
  const { jobs, told } = jobsOver(async (partition) => {
    generations[partition]! += 5;
    return { generation: generations[partition]!, sequences: 1 };
  });
  const dropped = () => told.filter((what) => what.startsWith('drop'));
  await jobs.flush();
  expect(dropped()).toEqual([]);
  await jobs.flush();
  expect(dropped()).toEqual(['drop 0 through 15', 'drop 1 through 25', 'drop 2 through 35']);
});

test('a partition that cannot be summed, or that another worker sums, does not hold up the others', async () => {
  const { jobs, told } = jobsOver(async (partition) => {
    if (partition === 0) throw new Error('the database is away');
    return partition === 1 ? undefined : { generation: 5, sequences: 0 };
  });
  await expect(jobs.flush()).rejects.toThrow('away');
  expect(told).toEqual(['prune 2']);
});
