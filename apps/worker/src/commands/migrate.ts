/** `bun run migrate`: brings MySQL's tables up to date. If several run at once, one works and the others wait. */
import { openMysql } from '@parley/mysql';
import { createLogger } from '@parley/runtime';
import { workerConfig } from '../config.ts';

const { MYSQL_URL, MYSQL_MIGRATION_URL, PARTITIONS, LOG_LEVEL } = workerConfig(process.env);
const logger = createLogger('migrate', LOG_LEVEL);
const mysql = openMysql({ url: MYSQL_URL, migrationUrl: MYSQL_MIGRATION_URL, partitions: PARTITIONS, logger });
await mysql.migrate(({ table, rows, of, secondsLeft }) => {
  console.log(`${table}: ${rows} of about ${of} rows, about ${secondsLeft} s left`);
});
await mysql.settlePartitions();
await mysql.close();
console.log('The tables are up to date.');
