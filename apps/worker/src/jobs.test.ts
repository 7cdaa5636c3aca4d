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
    raiseLevel: async () => void told.push('raise'),
    logger: createLogger('test', 'silent'),
    registry: new Registry(),
    flushPattern: '0 * * * * *',
    recountPattern: '*/10 * * * * *',
  });
  return { jobs, told };
}

test('the live view of a generation outlives the flush that sums it: a reader may still have the row before', async () => {
  const { jobs, told } = jobsOver(async (partition) => ({ generation: 10 + partition, sequences: 1 }));
  await jobs.flush();
  const dropped = told.filter((what) => what.startsWith('drop'));
  expect(dropped).toEqual(['drop 0 through 9', 'drop 1 through 10', 'drop 2 through 11']);
});

test('a partition that cannot be summed, or that another worker sums, does not hold up the others', async () => {
  const { jobs, told } = jobsOver(async (partition) => {
    if (partition === 0) throw new Error('the database is away');
    return partition === 1 ? undefined : { generation: 5, sequences: 0 };
  });
  await expect(jobs.flush()).rejects.toThrow('away');
  expect(told).toEqual(['drop 2 through 4', 'prune 2']);
});
