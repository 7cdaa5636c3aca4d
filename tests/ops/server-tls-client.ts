/**
 * Uses one server as the apps do, with its driver, and ends with 0 if that works. A process of its own, because Bun reads
 * NODE_EXTRA_CA_CERTS when it starts. Arguments: the server and its URL.
 */
import { openElasticsearch } from '@parley/elasticsearch';
import { openMysql } from '@parley/mysql';
import { openRabbitmq } from '@parley/rabbitmq';
import { openRedis, redisServers } from '@parley/redis';
import { createLogger } from '@parley/runtime';

const WITHIN_MS = 8_000;
const [server = '', url = ''] = process.argv.slice(2);
const logger = createLogger('test', 'trace');
const partitions = 2;

const USES: Readonly<Record<string, () => Promise<void>>> = {
  redis: async () => {
    const redis = openRedis({ servers: redisServers(url), partitions, logger });
    await redis.ready();
    await redis.ping();
  },
  rabbitmq: async () => {
    const rabbitmq = openRabbitmq({ url, partitions, logger });
    await rabbitmq.start();
    await rabbitmq.ping();
  },
  mysql: async () => {
    const mysql = openMysql({ url, partitions, logger });
    await mysql.migrate();
    await mysql.settlePartitions();
    await mysql.store.ping();
  },
  elasticsearch: async () => {
    const elasticsearch = openElasticsearch({ url, logger });
    await elasticsearch.admin.ping();
    await elasticsearch.admin.ensureIndex();
  },
};

/** What somebody sees who logs an error with all of its causes. */
function inFull(error: unknown): string {
  return error instanceof Error ? `${Bun.inspect(error)}\n${error.stack}\n${inFull(error.cause)}` : String(error);
}

const late = Bun.sleep(WITHIN_MS).then(() => Promise.reject(new Error('not connected in time')));
try {
  await Promise.race([USES[server]?.() ?? Promise.reject(new Error('unknown server')), late]);
  process.exit(0);
} catch (error) {
  console.error(inFull(error));
  process.exit(1);
}
