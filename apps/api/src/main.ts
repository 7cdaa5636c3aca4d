import { showLive, type Uncounted } from '@parley/domain';
import { openElasticsearch } from '@parley/elasticsearch';
import { Access, connected, endProgram, startProgram, whenAvailable } from '@parley/http';
import { openMysql } from '@parley/mysql';
import { openRabbitmq, sharedMetrics } from '@parley/rabbitmq';
import { openRedis, redisServers } from '@parley/redis';
import { adminKeysOf, limitsOf, runProgram, warnOfPublishedPasswords } from '@parley/runtime';
import { apiConfig } from './config.ts';
import { apiRoutes } from './routes.ts';

await runProgram(() => {
  const config = apiConfig(process.env);
  return startProgram('api', config, async ({ logger, registry }) => {
    warnOfPublishedPasswords(config, logger);
    const partitions = config.PARTITIONS;
    const redis = openRedis({ servers: redisServers(config.REDIS_URL), partitions, logger });
    const onUncounted = (uncounted: Uncounted) => showLive(redis.counters, logger, uncounted);
    const mysql = openMysql({ url: config.MYSQL_URL, partitions, onUncounted, logger });
    await whenAvailable(logger, () => mysql.settlePartitions());
    await whenAvailable(logger, () => mysql.join('api', endProgram));
    const rabbitmq = openRabbitmq({ url: config.RABBITMQ_URL, partitions, logger });
    const elasticsearch = openElasticsearch({ url: config.ELASTICSEARCH_URL, logger });
    sharedMetrics(registry, rabbitmq);
    await connected(rabbitmq.start());
    const { hints, figures } = redis;
    const access = new Access({
      ...{ keys: mysql.keys, hints, adminKeys: adminKeysOf(config), defaults: limitsOf(config) },
      ...{ logger, registry },
    });
    await access.start();
    const parts = {
      store: mysql.store,
      events: rabbitmq.log,
      numbering: redis.numbering,
      index: elasticsearch.search,
      counters: redis.counters,
      keys: mysql.keys,
      hints,
      userTokens: access.userTokens,
      figures,
      deadLetters: rabbitmq.deadLetters,
      logger,
    };
    return {
      checks: {
        store: () => mysql.store.ping(),
        'event log': () => rabbitmq.ping(),
        'search index': () => elasticsearch.admin.ping(),
        counts: () => redis.ping(),
      },
      pages: { behindProxy: true, publicUrl: config.PUBLIC_URL },
      access,
      figures,
      routes: apiRoutes(parts),
      stop: async () => {
        await access.stop();
        await rabbitmq.close();
        await redis.close();
        await elasticsearch.close();
        await mysql.close();
      },
    };
  });
});
