import { connected, endProgram, startProgram, whenAvailable } from '@parley/http';
import { openMysql } from '@parley/mysql';
import { openRabbitmq, publishingMetrics, sharedMetrics } from '@parley/rabbitmq';
import { openRedis, redisServers } from '@parley/redis';
import { commonConfig, portConfig, readConfig, runProgram, serverConfig, sharedPortConfig } from '@parley/runtime';
import { Type } from 'typebox';
import { closedPartitions } from './closed-partitions.ts';
import { epochRegister } from './epoch-register.ts';
import { ingestRoutes } from './routes.ts';

const schema = Type.Object({ ...commonConfig, ...serverConfig, ...sharedPortConfig, PORT: portConfig(3100) });

await runProgram(() => {
  const config = readConfig(schema, process.env);
  return startProgram('ingest', config, async ({ logger, registry }) => {
    const partitions = config.PARTITIONS;
    const mysql = openMysql({ url: config.MYSQL_URL, partitions, logger });
    // First of all: with another number of partitions nothing may be numbered or published.
    await whenAvailable(logger, () => mysql.settlePartitions());
    await whenAvailable(logger, () => mysql.join('ingest', endProgram));
    const rabbitmq = openRabbitmq({ url: config.RABBITMQ_URL, partitions, logger });
    const register = epochRegister({ database: mysql, log: rabbitmq.log });
    const redis = openRedis({ servers: redisServers(config.REDIS_URL), partitions, register, logger });
    sharedMetrics(registry, rabbitmq);
    publishingMetrics(registry, rabbitmq);
    closedPartitions(registry, { numbers: redis, 'event log': rabbitmq.log });
    await connected(Promise.all([rabbitmq.start(), redis.ready()]));
    return {
      checks: {
        numbers: () => redis.ping(),
        'event log': () => rabbitmq.ping(),
        store: () => mysql.store.ping(),
      },
      routes: ingestRoutes({ numbering: redis.numbering, log: rabbitmq.log, store: mysql.store, logger, registry }),
      stop: async () => {
        await rabbitmq.close();
        await redis.close();
        await mysql.close();
      },
    };
  });
});
