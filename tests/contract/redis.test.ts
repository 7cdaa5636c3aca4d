import { newEventId } from '@parley/domain';
import { openRedis } from '../../libs/redis/src/index.ts';
import { countersContract } from './counters.contract.ts';
import { numberingContract } from './numbering.contract.ts';

const PARTITIONS = 4;

/** The drivers on the Redis of REDIS_URL, under a prefix of their own, which expires with its keys. */
async function openDrivers() {
  const url = process.env.REDIS_URL;
  if (url === undefined) throw new Error('REDIS_URL must name a Redis server for these tests');
  const redis = openRedis({ servers: { url }, partitions: PARTITIONS, prefix: `test:${newEventId()}:` });
  await redis.ready();
  return redis;
}

countersContract('the Redis', async () => {
  let generation = 0;
  return { ...(await openDrivers()), nextGeneration: () => ++generation };
});

numberingContract('the Redis', async () => {
  const redis = await openDrivers();
  return { ...redis, makeDurable: async () => {} };
});
