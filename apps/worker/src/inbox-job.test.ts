import { expect, test } from 'bun:test';
import { Unavailable } from '@parley/domain';
import { createLogger } from '@parley/runtime';
import { until } from '@parley/testing';
import { InboxJob } from './inbox-job.ts';

/** A job over partitions of which each has so many steps left. */
function jobOver(left: number[], fails: (partition: number) => boolean = () => false) {
  const ledger = {
    advanceActivity: async (partition: number) => {
      if (fails(partition)) throw new Unavailable('store', 'The store is away.');
      if (left[partition] === 0) return 0;
      left[partition]! -= 1;
      return 500;
    },
  };
  const logger = createLogger('test', 'silent');
  return { left, job: new InboxJob({ ledger, partitions: left.length, logger, everyMs: 1 }) };
}

test('each partition goes on until nothing is left, and again later', async () => {
  const { left, job } = jobOver([3, 0, 5]);
  job.start();
  await until('all is done', async () => left.every((steps) => steps === 0));
  left[1] = 2;
  await until('what came later is done too', async () => left[1] === 0);
  await job.stop();
});

test('a partition that fails does not hold up the others, and is tried again', async () => {
  let away = true;
  const { left, job } = jobOver([2, 2, 2], (partition) => away && partition === 0);
  job.start();
  await until('the others are done', async () => left[1] === 0 && left[2] === 0);
  expect(left[0]).toBe(2);
  away = false;
  await until('it is done', async () => left[0] === 0);
  await job.stop();
});

test('it stops twice, also while much is left', async () => {
  const { left, job } = jobOver([Number.POSITIVE_INFINITY]);
  job.start();
  await job.stop();
  await job.stop();
  expect(left).toEqual([Number.POSITIVE_INFINITY]);
});
