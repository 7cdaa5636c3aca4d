/** `bin/parley migrate`: brings MySQL's tables up to date. */
import { openMysql } from '@parley/mysql';
import { createLogger } from '@parley/runtime';
import { DONE, readArguments, type Terminal } from './command.ts';
import { installationOf } from './installation.ts';

const USAGE = `usage: bin/parley migrate

Brings MySQL's tables up to date, as the user of MYSQL_MIGRATION_URL. If several run at once, one works and the others
wait. A starting worker does the same.`;

export async function migrate(args: readonly string[], terminal: Terminal): Promise<number> {
  readArguments(args, USAGE, {});
  const installation = installationOf(process.env);
  if (installation.kind === 'standalone') {
    terminal.out('Nothing to do: the standalone brings its tables up to date when it starts.');
    return DONE;
  }
  const { MYSQL_URL, MYSQL_MIGRATION_URL, PARTITIONS, LOG_LEVEL } = installation.config;
  const logger = createLogger('migrate', LOG_LEVEL);
  const mysql = openMysql({ url: MYSQL_URL, migrationUrl: MYSQL_MIGRATION_URL, partitions: PARTITIONS, logger });
  try {
    await mysql.migrate(({ table, rows, of, secondsLeft }) => {
      terminal.out(`${table}: ${rows} of about ${of} rows, about ${secondsLeft} s left`);
    });
    await mysql.settlePartitions();
  } finally {
    await mysql.close();
  }
  terminal.out('The tables are up to date.');
  return DONE;
}
