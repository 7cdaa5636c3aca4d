import { checkEventOfVersion, showLive, Unavailable, type Uncounted } from '@parley/domain';
import { openElasticsearch } from '@parley/elasticsearch';
import { endProgram, startProgram, whenAvailable } from '@parley/http';
import { openMysql } from '@parley/mysql';
import { consumingMetrics, openRabbitmq, sharedMetrics } from '@parley/rabbitmq';
import { openRedis, redisServers } from '@parley/redis';
import { adminKeysOf, diskMetrics, runProgram, warnOfPublishedPasswords } from '@parley/runtime';
import { workerConfig } from './config.ts';
import { deadLetterMetrics } from './dead-letter-metrics.ts';
import { InboxJob } from './inbox-job.ts';
import { Indexer } from './indexer.ts';
import { Jobs } from './jobs.ts';
import { PurgeJob } from './purge-job.ts';
import { RetentionJob } from './retention-job.ts';
import { SearchUpkeep } from './search-upkeep.ts';
import { StoreConsumer } from './store-consumer.ts';
import { sweepOf } from './sweep.ts';

await runProgram(() => {
  const config = workerConfig(process.env);
  return startProgram('worker', config, async ({ logger, registry }) => {
    warnOfPublishedPasswords(config, logger);
    const partitions = config.PARTITIONS;
    const redis = openRedis({ servers: redisServers(config.REDIS_URL), partitions, logger });
    const onUncounted = (uncounted: Uncounted) => showLive(redis.counters, logger, uncounted);
    const mysql = openMysql({
      ...{ url: config.MYSQL_URL, migrationUrl: config.MYSQL_MIGRATION_URL, partitions },
      ...{ onUncounted, logger },
    });
    const check = checkEventOfVersion(config.TEST_EVENT_VERSION_KNOWN);
    const rabbitmq = openRabbitmq({ url: config.RABBITMQ_URL, partitions, check, logger });
    const elasticsearch = openElasticsearch({ url: config.ELASTICSEARCH_URL, shards: config.INDEX_SHARDS, logger });
    const { store, ledger } = mysql;
    const { counters } = redis;

    await whenAvailable(logger, () => mysql.migrate((progress) => logger.info(progress, 'converting the tables')));
    await whenAvailable(logger, () => mysql.settlePartitions());
    await whenAvailable(logger, () => mysql.join('worker', endProgram));
    // The worker answers no clients. But it starts first, so no program is open to all in between.
    if (adminKeysOf(config).length > 0) await whenAvailable(logger, () => mysql.keys.setKeyed(true));
    // Without Elasticsearch the worker can still store, so it starts. But with a wrong version of it the start fails.
    await elasticsearch.admin.checkVersion().catch((error: unknown) => {
      if (!(error instanceof Unavailable)) throw error;
    });
    await rabbitmq.start();

    sharedMetrics(registry, rabbitmq);
    consumingMetrics(registry, rabbitmq);
    deadLetterMetrics(registry, rabbitmq);
    diskMetrics(registry, () => elasticsearch.admin.disks());
    const { source } = rabbitmq;
    const consumer = new StoreConsumer({ source, store, counters, logger, registry });
    const upkeep = new SearchUpkeep({ engine: elasticsearch, ledger, logger, registry, keepMs: config.INDEX_KEEP_MS });
    const { INDEX_DOCUMENTS_MAX: documentsMax, INDEX_EVERY_MS: everyMs } = config;
    const indexer = new Indexer({ ledger, upkeep, logger, registry, documentsMax, everyMs });
    const { FLUSH_PATTERN: flushPattern, RECOUNT_PATTERN: recountPattern } = config;
    const { raiseLevel } = mysql;
    const window = { ms: config.LIVE_WINDOW_S * 1_000, bytes: config.LIVE_WINDOW_BYTES };
    const patterns = { flushPattern, recountPattern };
    const jobs = new Jobs({ ledger, partitions, raiseLevel, counters, window, logger, registry, ...patterns });
    const inbox = new InboxJob({ ledger, partitions, logger });
    const { PURGE_SHARE: share, RETENTION_PATTERN: pattern } = config;
    const { purge } = mysql;
    const sweep = sweepOf({ deadLetters: rabbitmq.deadLetters, store, logger });
    const purging = new PurgeJob({ purge, partitions, numbering: redis.numbering, sweep, logger, registry, share });
    const retention = new RetentionJob({ purge, events: rabbitmq.log, partitions, logger, pattern, share });
    await consumer.start();
    indexer.start();
    jobs.start();
    inbox.start();
    purging.start();
    retention.start();
    return {
      checks: {
        store: () => store.ping(),
        'event log': () => rabbitmq.ping(),
        'event version': () => rabbitmq.checkVersion(),
        'search index': () => elasticsearch.admin.ping(),
        counts: () => redis.ping(),
      },
      figures: redis.figures,
      stop: async () => {
        await consumer.stop();
        await Promise.all([jobs, indexer, inbox, purging, retention].map((each) => each.stop()));
        await rabbitmq.close();
        await redis.close();
        await elasticsearch.close();
        await mysql.close();
      },
    };
  });
});
