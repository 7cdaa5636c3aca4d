/** What MySQL allows the users of the programs (MYSQL_URL) and of the migrations (MYSQL_MIGRATION_URL). */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type Connection, createConnection } from 'mysql2/promise';
import { openMysql } from './open.ts';
import { type OwnDatabase, ownDatabase, PARTITIONS, rootConnection } from './testing/own-database.ts';

/** A database with all tables, so that a statement fails only for lack of rights. */
let own: OwnDatabase;
/** A database that belongs to another user, on the same server. */
const STRANGER = `stranger_${crypto.randomUUID().replaceAll('-', '')}`;
let root: Connection;
beforeAll(async () => {
  own = await ownDatabase();
  root = await rootConnection();
  await root.query(`CREATE DATABASE ${STRANGER}`);
  await root.query(`CREATE TABLE ${STRANGER}.secrets (id INT PRIMARY KEY)`);
});
afterAll(async () => {
  await root.query(`DROP DATABASE ${STRANGER}`);
  await root.end();
  await own.close();
});

/** The error code with which the server refuses a statement; undefined if it executes it. */
async function refusal(connection: Connection, sql: string): Promise<string | undefined> {
  return connection.query(sql).then(
    () => undefined,
    (error: { code: string }) => error.code,
  );
}

const OF_TABLES = 'ER_TABLEACCESS_DENIED_ERROR';
const OF_DATABASES = 'ER_DBACCESS_DENIED_ERROR';
const OF_THE_SERVER = 'ER_SPECIFIC_ACCESS_DENIED_ERROR';

const CHANGES_OF_TABLES = [
  ['CREATE TABLE extra (id INT PRIMARY KEY)', OF_TABLES],
  ['CREATE TEMPORARY TABLE extra (id INT PRIMARY KEY)', OF_DATABASES],
  ['ALTER TABLE messages ADD COLUMN extra INT', OF_TABLES],
  ['CREATE INDEX extra ON messages (version)', OF_TABLES],
  ['TRUNCATE TABLE batches', OF_TABLES],
  ['DROP TABLE messages', OF_TABLES],
] as const;

const BEYOND_THE_DATABASE = [
  ['CREATE DATABASE extra', OF_DATABASES],
  [`DROP DATABASE ${STRANGER}`, OF_DATABASES],
  [`SELECT * FROM ${STRANGER}.secrets`, OF_TABLES],
  [`INSERT INTO ${STRANGER}.secrets VALUES (1)`, OF_TABLES],
  [`CREATE TABLE ${STRANGER}.extra (id INT)`, OF_TABLES],
  ['SELECT user FROM mysql.user', OF_TABLES],
  ["CREATE USER 'extra'@'%'", OF_THE_SERVER],
  ['SET GLOBAL read_only = ON', OF_THE_SERVER],
  ["SELECT 1 INTO OUTFILE '/tmp/extra'", OF_THE_SERVER],
  ['FLUSH TABLES', OF_THE_SERVER],
  ['CREATE VIEW extra AS SELECT 1', OF_TABLES],
  ['CREATE PROCEDURE extra() SELECT 1', OF_DATABASES],
  ['LOCK TABLES messages WRITE', OF_DATABASES],
] as const;

describe.each(['MYSQL_URL', 'MYSQL_MIGRATION_URL'])('the user of %s', (variable) => {
  let connection: Connection;
  beforeAll(async () => {
    connection = await createConnection(process.env[variable]!);
    await connection.changeUser({ database: new URL(own.url).pathname.slice(1) });
  });
  afterAll(() => connection.end());

  test.each(BEYOND_THE_DATABASE)('may not: %s', async (sql, code) => {
    expect(await refusal(connection, sql)).toBe(code);
  });

  test('may not grant its rights to others', async () => {
    const { username } = new URL(process.env[variable]!);
    expect(await refusal(connection, `GRANT SELECT ON *.* TO '${username}'`)).toBe('ER_ACCESS_DENIED_ERROR');
    const database = new URL(own.url).pathname.slice(1);
    expect(await refusal(connection, `GRANT SELECT ON ${database}.* TO 'root'@'localhost'`)).toBe(OF_DATABASES);
  });

  test('sees only its own databases', async () => {
    const [rows] = await connection.query('SHOW DATABASES');
    const names = (rows as { Database: string }[]).map(({ Database }) => Database);
    const others = names.filter((name) => !/^(information_schema|performance_schema|parley(_test_\w+)?)$/.test(name));
    expect(others).toEqual([]);
  });

  test("has the same rights in the system's database as in those of the tests", async () => {
    const { username } = new URL(process.env[variable]!);
    const [rows] = await root.query(`SHOW GRANTS FOR '${username}'`);
    const grants = (rows as object[]).map((row) => String(Object.values(row)[0]));
    const rights = (database: string) =>
      grants.flatMap(
        (line) => line.match(`^GRANT (.*) ON \`${RegExp.escape(database)}\`\\.\\* TO \`\\w+\`@\`%\`$`)?.[1] ?? [],
      );
    const database = new URL(own.url).pathname.slice(1).replaceAll('_', '\\_');
    expect(rights(database)).toEqual(rights('parley'));
    expect(rights('parley')).toHaveLength(1);
    expect(grants).toContain(`GRANT USAGE ON *.* TO \`${username}\`@\`%\``);
  });
});

test.each(CHANGES_OF_TABLES)('the user of the programs may not: %s', async (sql, code) => {
  const connection = await createConnection(own.url);
  expect(await refusal(connection, sql)).toBe(code);
  await connection.end();
});

test('a worker without the user of migrations starts if the tables are up to date', async () => {
  const mysql = openMysql({ url: own.url, partitions: PARTITIONS });
  await mysql.migrate();
  await mysql.settlePartitions();
  await mysql.close();
});

test("if they are not, its migration fails with the server's error code", async () => {
  const empty = await ownDatabase({ migrated: false });
  const mysql = openMysql({ url: empty.url, partitions: PARTITIONS });
  const error = await mysql.migrate().catch((reason: Error) => reason);
  expect((error as Error).cause).toMatchObject({ code: OF_TABLES });
  await mysql.close();
  await empty.close();
});

test('a migration URL of another database is refused', () => {
  const elsewhere = new URL(own.url);
  elsewhere.pathname = '/elsewhere';
  expect(() => openMysql({ url: own.url, partitions: PARTITIONS, migrationUrl: elsewhere.href })).toThrow(RangeError);
});
