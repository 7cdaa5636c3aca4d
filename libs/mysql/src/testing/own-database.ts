import { type Connection, createConnection } from 'mysql2/promise';
import { type Mysql, openMysql } from '../open.ts';

/** A database of one test on the server of MYSQL_URL, usually migrated. `close` drops it. */
export interface OwnDatabase {
  /** For the user of the programs. */
  readonly url: string;
  /** For the user who may change its tables. */
  readonly migrationUrl: string;
  readonly mysql: Mysql;
  query<Row>(sql: string): Promise<Row[]>;
  close(): Promise<void>;
}

/** The users have the same rights as in the system's own database (stack/conf/mysql-users.sql), and no more. */
const ROWS = 'SELECT, INSERT, UPDATE, DELETE';
const TABLES = `${ROWS}, CREATE, ALTER, DROP, INDEX`;

export const PARTITIONS = 8;

export async function ownDatabase({ migrated = true } = {}): Promise<OwnDatabase> {
  const name = `parley_test_${crypto.randomUUID().replaceAll('-', '')}`;
  const url = urlOf('MYSQL_URL', name);
  const migrationUrl = urlOf('MYSQL_MIGRATION_URL', name);
  const root = await rootConnection();
  await root.query(`CREATE DATABASE ${name}`);
  await root.changeUser({ database: name });
  // In a GRANT, an unescaped `_` in a database's name matches any character.
  const here = `\`${name.replaceAll('_', '\\_')}\`.*`;
  await root.query(`GRANT ${ROWS} ON ${here} TO '${url.username}'`);
  await root.query(`GRANT ${TABLES} ON ${here} TO '${migrationUrl.username}'`);
  const mysql = openMysql({ url: url.href, migrationUrl: migrationUrl.href, partitions: PARTITIONS });
  if (migrated) {
    await mysql.migrate();
    await mysql.settlePartitions();
  }
  return {
    url: url.href,
    migrationUrl: migrationUrl.href,
    mysql,
    query: async <Row>(sql: string) => (await root.query(sql))[0] as Row[],
    close: async () => {
      await mysql.close();
      // MySQL keeps the rights on a dropped database.
      await root.query(`REVOKE ${ROWS} ON ${here} FROM '${url.username}'`);
      await root.query(`REVOKE ${TABLES} ON ${here} FROM '${migrationUrl.username}'`);
      await root.query(`DROP DATABASE ${name}`);
      await root.end();
    },
  };
}

export async function flushAll({ ledger }: Mysql): Promise<void> {
  for (let partition = 0; partition < PARTITIONS; partition += 1) await ledger.rotateAndFlush(partition);
}

/** Brings everything that is committed into the inbox. */
export async function advanceAll({ ledger }: Mysql): Promise<void> {
  for (let partition = 0; partition < PARTITIONS; partition += 1) while ((await ledger.advanceActivity(partition)) > 0);
}

/** Keeps nothing for the feed. */
export const NO_WINDOW = { ms: -1, bytes: 0 };

/** Prunes every partition until nothing is left to delete. */
export async function pruneAll({ ledger }: Mysql, window = NO_WINDOW): Promise<void> {
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    while ((await ledger.prune(partition, 100, window)) > 0);
  }
}

export async function isRunning({ query }: Pick<OwnDatabase, 'query'>, part: string): Promise<boolean> {
  const running = await query<{ Info: string | null }>('SHOW FULL PROCESSLIST');
  return running.some(({ Info }) => Info?.includes(part) && !Info.startsWith('SHOW'));
}

/**
 * Connects as root over the server's socket, MYSQL_SOCKET: over TCP no user may create databases on the tests' servers.
 * For a server that runs elsewhere, uses MYSQL_ROOT_URL.
 */
export function rootConnection(): Promise<Connection> {
  const { MYSQL_ROOT_URL } = process.env;
  if (MYSQL_ROOT_URL) return createConnection(MYSQL_ROOT_URL);
  return createConnection({ user: 'root', socketPath: variable('MYSQL_SOCKET') });
}

function urlOf(name: string, database: string): URL {
  const url = new URL(variable(name));
  url.pathname = `/${database}`;
  return url;
}

function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} must name a MySQL server for these tests: bin/test-stack env`);
  return value;
}
