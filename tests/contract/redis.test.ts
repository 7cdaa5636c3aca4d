import { test } from 'bun:test';
import { newEventId } from '@parley/domain';
import { openRedis, type RedisDrivers, type RedisServers } from '@parley/redis';
import { canStartServers, deleteKeys, epochRegister, formCluster, RedisServer, redisUrl } from '@parley/redis/testing';
import { countersContract } from './counters.contract.ts';
import { figuresContract } from './figures.contract.ts';
import { hintsContract } from './hints.contract.ts';
import { numberingContract } from './numbering.contract.ts';
import { numberingLimitsContract } from './numbering-limits.contract.ts';

const PARTITIONS = 4;

/** Opens the drivers as one process has them. `another` opens those of a further process of the same system. */
async function openDrivers(servers: RedisServers) {
  const prefix = `test:${newEventId()}:`;
  const register = epochRegister();
  const all: RedisDrivers[] = [];
  const another = async () => {
    const redis = openRedis({ servers, partitions: PARTITIONS, prefix, register });
    all.push(redis);
    await redis.ready();
    return redis;
  };
  const close = async () => {
    await Promise.all(all.map((each) => each.close()));
  };
  return { ...(await another()), another, close, prefix };
}

/** Opens the drivers on the Redis of REDIS_URL. `close` deletes their keys. */
async function openOnServer() {
  const redis = await openDrivers({ url: redisUrl() });
  const close = async () => {
    await redis.close();
    await deleteKeys(redis.prefix);
  };
  return { ...redis, close };
}

/** Opens the drivers on a new Redis Cluster of three masters. `close` stops and removes it. */
async function openOnCluster() {
  const servers = await Promise.all([1, 2, 3].map(() => RedisServer.start('--cluster-enabled', 'yes')));
  await formCluster(servers);
  const redis = await openDrivers({ cluster: servers.map(({ port }) => ({ host: '127.0.0.1', port })) });
  const close = async () => {
    await redis.close();
    await Promise.all(servers.map((server) => server.remove()));
  };
  return { ...redis, close };
}

const startable = canStartServers();
if (!startable) test.skip('the contracts on a Redis Cluster', () => {});
const onCluster = startable ? { 'the Redis Cluster': openOnCluster } : {};

for (const [name, open] of Object.entries({ 'the Redis': openOnServer, ...onCluster })) {
  countersContract(name, async () => {
    let generation = 0;
    return { ...(await open()), partitions: PARTITIONS, nextGeneration: () => ++generation };
  });

  for (const contract of [numberingContract, numberingLimitsContract]) {
    contract(name, async () => {
      const nothing = async () => {};
      return { ...(await open()), makeDurable: nothing, deleteStored: nothing };
    });
  }

  hintsContract(name, async () => {
    const { hints, another, close } = await open();
    return { processes: [hints, (await another()).hints], close };
  });

  figuresContract(name, open);
}
