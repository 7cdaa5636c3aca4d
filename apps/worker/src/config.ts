import {
  adminKeyConfig,
  commonConfig,
  elasticsearchConfig,
  feedConfig,
  portConfig,
  purgeConfig,
  readConfig,
  refusePublishedPasswords,
  secretUrl,
  serverConfig,
} from '@parley/runtime';
import { Type } from 'typebox';

export const workerSettings = Type.Object({
  ...commonConfig,
  ...serverConfig,
  ...elasticsearchConfig,
  ...purgeConfig,
  ...feedConfig,
  ...adminKeyConfig,
  PORT: portConfig(3300),
  MYSQL_MIGRATION_URL: Type.Optional(
    Type.String({
      ...secretUrl,
      pattern: '^mysql://',
      description: 'as MYSQL_URL, for a user who may make and change tables; without it MYSQL_URL is used',
    }),
  ),
  INDEX_DOCUMENTS_MAX: Type.Integer({ default: 5_000, minimum: 1, description: 'documents in one round of indexing' }),
  INDEX_EVERY_MS: Type.Integer({
    default: 750,
    minimum: 1,
    description: 'milliseconds between two rounds of indexing, unless much waits; a search sees a message after each',
  }),
  INDEX_SHARDS: Type.Integer({
    default: 1,
    minimum: 1,
    maximum: 1024,
    description: 'shards of the next search index (`bin/parley reindex`)',
  }),
  INDEX_KEEP_MS: Type.Integer({
    default: 600_000,
    minimum: 0,
    description: 'milliseconds an older search index is kept after searches left it',
  }),
  FLUSH_PATTERN: Type.String({
    default: '0 * * * * *',
    description: 'when counts are summed: a cron pattern with seconds',
  }),
  RECOUNT_PATTERN: Type.String({
    default: '*/10 * * * * *',
    description: 'when the next counts are checked, in at most 2 % of the time: a cron pattern with seconds',
  }),
  TEST_EVENT_VERSION_KNOWN: Type.Optional(
    Type.Integer({
      minimum: 0,
      description: 'FOR TESTS ONLY: read events as a worker of this earlier version would; 0 knows no idempotency keys',
    }),
  ),
});

export function workerConfig(env: Readonly<Record<string, string | undefined>>) {
  return refusePublishedPasswords(readConfig(workerSettings, env));
}
