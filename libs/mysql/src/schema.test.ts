import { afterAll, beforeAll, expect, test } from 'bun:test';
import { is } from 'drizzle-orm';
import { getTableConfig, MySqlTable } from 'drizzle-orm/mysql-core';
import * as schema from './schema.ts';
import { type OwnDatabase, ownDatabase } from './testing/own-database.ts';

let database: OwnDatabase;
beforeAll(async () => {
  database = await ownDatabase();
});
afterAll(() => database.close());

interface Column {
  readonly name: string;
  readonly type: string;
  readonly nullable: string;
}

const tables = Object.values(schema).flatMap((table) => (is(table, MySqlTable) ? [getTableConfig(table)] : []));

test('the migrations create exactly the tables of the schema', async () => {
  const rows = await database.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables
     WHERE table_schema = DATABASE() AND table_name NOT LIKE '\\_\\_drizzle%'`,
  );
  expect(rows.map(({ name }) => name).sort()).toEqual(tables.map(({ name }) => name).sort());
});

for (const { name: table, columns, indexes } of tables) {
  test(`${table} has the columns and indices of the schema`, async () => {
    const found = await database.query<Column>(
      `SELECT column_name AS name, is_nullable AS nullable, CONCAT(column_type,
         IF(collation_name IN ('utf8mb4_0900_bin', 'ascii_bin'),
           CONCAT(' character set ', character_set_name, ' collate ', collation_name), '')) AS type
       FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = '${table}'
       ORDER BY ordinal_position`,
    );
    expect(found.map(({ name, type, nullable }) => `${name} ${type} ${nullable}`)).toEqual(
      columns.map((column) => `${column.name} ${column.getSQLType()} ${column.notNull ? 'NO' : 'YES'}`),
    );
    const keys = await database.query<{ name: string }>(
      `SELECT DISTINCT index_name AS name FROM information_schema.statistics
       WHERE table_schema = DATABASE() AND table_name = '${table}'`,
    );
    const expected = ['PRIMARY', ...indexes.map(({ config }) => config.name)];
    expect(keys.map(({ name }) => name).sort()).toEqual(expected.sort());
  });
}
