import type { EpochRegister } from '@parley/domain';
import { Access, connected, endProgram, startProgram, whenAvailable } from '@parley/http';
import { openMysql } from '@parley/mysql';
import { openRabbitmq, publishingMetrics, sharedMetrics } from '@parley/rabbitmq';
import { openRedis, redisServers } from '@parley/redis';
import { adminKeysOf, limitsOf, runProgram, warnOfPublishedPasswords } from '@parley/runtime';
import { closedPartitions } from './closed-partitions.ts';
import { ingestConfig } from './config.ts';
import { ingestRoutes } from './routes.ts';

/**
 * The deadline for a partition's new epoch to begin: the worker must first store the backlog. After it, the begin is
 * tried again.
 */
const BEGIN_TIMEOUT_MS = 30_000;

await runProgram(() => {
  const config = ingestConfig(process.env);
  return startProgram('ingest', config, async ({ logger, registry }) => {
    warnOfPublishedPasswords(config, logger);
    const partitions = config.PARTITIONS;
    const mysql = openMysql({ url: config.MYSQL_URL, partitions, logger });
    // Must come first: it throws if PARTITIONS is not the recorded number, before anything is numbered or published.
    await whenAvailable(logger, () => mysql.settlePartitions());
    await whenAvailable(logger, () => mysql.join('ingest', endProgram));
    const rabbitmq = openRabbitmq({ url: config.RABBITMQ_URL, partitions, logger });
    // MySQL numbers a partition's epochs; the event log begins them.
    const register: EpochRegister = {
      next: mysql.nextEpoch,
      last: mysql.lastEpoch,
      begin: (partition, epoch) => rabbitmq.log.beginEpoch(partition, epoch, BEGIN_TIMEOUT_MS),
    };
    const redis = openRedis({ servers: redisServers(config.REDIS_URL), partitions, register, logger });
    sharedMetrics(registry, rabbitmq);
    publishingMetrics(registry, rabbitmq);
    closedPartitions(registry, { numbers: redis, 'event log': rabbitmq.log });
    await connected(Promise.all([rabbitmq.start(), redis.ready()]));
    const { hints, figures } = redis;
    const access = new Access({
      ...{ keys: mysql.keys, hints, adminKeys: adminKeysOf(config), defaults: limitsOf(config) },
      ...{ logger, registry },
    });
    await access.start();
    return {
      checks: {
        numbers: () => redis.ping(),
        'event log': () => rabbitmq.ping(),
        store: () => mysql.store.ping(),
      },
      access,
      figures,
      routes: ingestRoutes({
        ...{ numbering: redis.numbering, log: rabbitmq.log, store: mysql.store },
        ...{ partitions, logger, registry },
      }),
      stop: async () => {
        await access.stop();
        await rabbitmq.close();
        await redis.close();
        await mysql.close();
      },
    };
  });
});
