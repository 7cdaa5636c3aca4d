import { afterEach, beforeEach, expect, test } from 'bun:test';
import { join } from 'node:path';
import { newEventId, newToken, partitionOf, type SearchDocument } from '@parley/domain';
import { openMysql } from '../open.ts';
import { WrongPartitions } from '../partitioning.ts';
import { type OwnDatabase, ownDatabase, PARTITIONS } from '../testing/own-database.ts';
import type { Progress } from './copy.ts';

const TABLES = await Bun.file(join(import.meta.dir, 'earlier-layout.fixture.sql')).text();
const LAST_MIGRATION = 1_795_520_400_000;
const APPLICATIONS = 40;
const MESSAGES = 30_000;

let database: OwnDatabase;
const tokens = Array.from({ length: APPLICATIONS }, () => newToken());
const first = tokens[0] ?? '';
const key = { hash: 'a'.repeat(64), body: 'b'.repeat(64) };
const bin = (token: string) => `UUID_TO_BIN('${token}')`;

beforeEach(async () => {
  database = await ownDatabase({ migrated: false });
  const { query } = database;
  for (const statement of TABLES.split(/;\n/)) if (statement.trim() !== '') await query(statement);
  await query('CREATE TABLE __drizzle_migrations (id SERIAL PRIMARY KEY, hash TEXT NOT NULL, created_at BIGINT)');
  await query(`INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('x', ${LAST_MIGRATION})`);
  await query(`INSERT INTO partitioning VALUES (1, ${PARTITIONS})`);
  await query("UPDATE counter_generations SET generation = IF(name = 'open', 58, 56)");
  await query('INSERT INTO epochs VALUES (3, 4, 4), (5, 7, 6)');
  await query("INSERT INTO search_indices VALUES ('messages-1', NOW(3))");
  // The counts in these rows leave out the last counter generations, which were not summed yet.
  const rows = tokens.map((token) => `(${bin(token)}, 'An application', 0, 0x${newEventId()}, NOW(3), NOW(3))`);
  await query(`INSERT INTO applications VALUES ${rows.join()}`);
  const chats = tokens.flatMap((token) =>
    [1, 2].map((chat) => `(${bin(token)}, ${chat}, 'Chat ${chat}', 3, 0x${newEventId()}, NOW(3), NOW(3))`),
  );
  await query(`INSERT INTO chats VALUES ${chats.join()}`);
  await query(`SET SESSION cte_max_recursion_depth = ${MESSAGES}`);
  await query(
    `INSERT INTO messages SELECT ${bin(first)}, 1, n, CONCAT('message ', n, ' ❤️'), 0x${newEventId()}, 1 + n % 3, NOW(3), NOW(3)
     FROM (WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${MESSAGES})
       SELECT n FROM numbers) AS numbers`,
  );
  for (const token of tokens.slice(1)) {
    await query(
      `INSERT INTO messages VALUES (${bin(token)}, 2, 9999999999, 'the last', 0x${newEventId()}, 1, NOW(3), NOW(3))`,
    );
  }
  await query(
    `INSERT INTO idempotency VALUES (${bin(first)}, 0x${key.hash}, 0x${key.body}, 0x${newEventId()}, ${bin(first)}, 1, 1, NOW(3))`,
  );
  // One batch, of several partitions, is not indexed. Another one is indexed but not counted.
  const waiting = tokens.slice(1).map((token) => [token, [[2, 9_999_999_999, 9_999_999_999]]]);
  await query(
    `INSERT INTO batches (generation, messages, chats, documents, indexed, created_at) VALUES
     (57, '${JSON.stringify(waiting)}', '[]', ${waiting.length}, 0, '2026-01-01 10:00:00'),
     (57, '${JSON.stringify([[first, [[1, 1, MESSAGES]]]])}', '[]', ${MESSAGES}, 1, NOW(3))`,
  );
}, 60_000);
afterEach(() => database.close());

/** Every row of the tables that store clients' data, without its counts. */
async function contents(prefix = ''): Promise<unknown[]> {
  const tables = [
    ['applications', 'token, name, event_id, created_at, updated_at', 'token'],
    ['chats', 'token, number, name, event_id, created_at, updated_at', 'token, number'],
    [
      'messages',
      'token, chat_number, number, content, event_id, version, created_at, updated_at',
      'token, chat_number, number',
    ],
    ['idempotency', 'scope, key_hash, body_hash, event_id, token, first, epoch, at', 'scope, key_hash'],
  ];
  const rows: unknown[] = [];
  for (const [table, columns, order] of tables) {
    rows.push(...(await database.query(`SELECT ${columns} FROM ${prefix}${table} ORDER BY ${order}`)));
  }
  return rows;
}

async function expectConverted(before: unknown[]): Promise<void> {
  const { mysql, query } = database;
  expect(Bun.deepEquals(await contents(), before)).toBe(true);
  await mysql.settlePartitions();
  for (const table of ['applications', 'chats', 'messages', 'idempotency']) {
    const rows = await query<{ token: Buffer; p: number }>(
      `SELECT DISTINCT token, partition_number AS p FROM ${table}`,
    );
    for (const { token, p } of rows) expect(partitionOf(token.toString('hex'), PARTITIONS)).toBe(p);
  }
  expect(await mysql.store.application(first)).toMatchObject({ chatsCount: 2, countedThrough: 58 });
  expect(await mysql.store.chat(first, 1)).toMatchObject({ messagesCount: MESSAGES });
  expect(await mysql.store.chat(first, 2)).toMatchObject({ messagesCount: 0 });
  expect(await mysql.store.chat(tokens[1] ?? '', 2)).toMatchObject({ messagesCount: 1 });
  // Epochs continue, and events of ended ones are rejected.
  expect([await mysql.lastEpoch(3), await mysql.lastEpoch(5), await mysql.lastEpoch(0)]).toEqual([4, 7, 0]);
  const [five] = await query<{ oldest: number }>('SELECT oldest FROM partitions WHERE partition_number = 5');
  expect(five?.oldest).toBe(6);
  expect(await mysql.store.keyedCreate(first, key.hash)).toMatchObject({ bodyHash: key.body, first: 1 });
  expect(await mysql.ledger.searchIndices()).toEqual(['messages-1']);
  // Batches that were not indexed are indexed now, and the others are not indexed again.
  const indexed: SearchDocument[] = [];
  while ((await mysql.ledger.indexNext(1_000, async (documents) => void indexed.push(...documents))) > 0);
  expect(indexed.map(({ token }) => token).sort()).toEqual(tokens.slice(1).sort());
  const left = await query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables
     WHERE table_schema = DATABASE() AND (table_name LIKE 'before\\_%' OR table_name LIKE 'next\\_%')`,
  );
  expect(left).toEqual([]);
}

test('every row is copied to its partition, and batches that were not indexed or counted yet are not lost', async () => {
  const before = await contents();
  const told: Progress[] = [];
  await database.mysql.migrate((progress) => told.push(progress));
  await expectConverted(before);
  expect(told.findLast(({ table }) => table === 'messages')).toEqual({
    table: 'messages',
    rows: MESSAGES + APPLICATIONS - 1,
    of: MESSAGES + APPLICATIONS - 1,
    secondsLeft: 0,
  });
  await database.mysql.migrate();
}, 120_000);

test('during the copy programs of either version find no tables, so none sees half of the data', async () => {
  const { query, mysql } = database;
  const before = await contents();
  await brokenOffAfter('messages');
  await expect(query('SELECT * FROM messages')).rejects.toMatchObject({ code: 'ER_NO_SUCH_TABLE' });
  await expect(query('SELECT * FROM counter_generations')).rejects.toMatchObject({ code: 'ER_NO_SUCH_TABLE' });
  expect(Bun.deepEquals(await contents('before_'), before)).toBe(true);
  const copied = await query("SELECT * FROM before_copied WHERE name = 'messages'");
  expect(copied).toHaveLength(1);
  const told: Progress[] = [];
  await mysql.migrate((progress) => told.push(progress));
  await expectConverted(before);
}, 120_000);

/** Begins a migration, and breaks it off when the table is copied. */
async function brokenOffAfter(table: string): Promise<void> {
  const progress = (told: Progress) => {
    if (told.table === table) throw new Error('killed');
  };
  await expect(database.mysql.migrate(progress)).rejects.toThrow('killed');
}

test('copies that somebody has dropped or emptied meanwhile are made anew', async () => {
  const before = await contents();
  await brokenOffAfter('chats');
  await database.query('DROP TABLE next_messages, next_batches');
  await brokenOffAfter('applications');
  await database.query('DELETE FROM next_messages LIMIT 1');
  await database.mysql.migrate();
  await expectConverted(before);
}, 120_000);

test('after a way back to the earlier tables, a later migration copies what came meanwhile', async () => {
  const { mysql, query } = database;
  await brokenOffAfter('messages');
  const tables = await query<{ name: string }>(
    `SELECT SUBSTRING(table_name, 8) AS name FROM information_schema.tables
     WHERE table_schema = DATABASE() AND table_name LIKE 'before\\_%' AND table_name <> 'before_copied'`,
  );
  await query(`RENAME TABLE ${tables.map(({ name }) => `before_${name} TO ${name}`).join()}`);
  await query(
    `INSERT INTO messages VALUES (${bin(tokens[1] ?? '')}, 1, 1, 'new', 0x${newEventId()}, 1, NOW(3), NOW(3))`,
  );
  await query(`UPDATE messages SET content = 'edited', version = 9 WHERE token = ${bin(first)} AND number = 1`);
  const before = await contents();
  await mysql.migrate();
  await expectConverted(before);
  expect(await mysql.store.chat(tokens[1] ?? '', 1)).toMatchObject({ messagesCount: 1 });
}, 120_000);

test('an incomplete copy is not taken for the data', async () => {
  const { mysql, query } = database;
  await brokenOffAfter('idempotency');
  const inserted = `INSERT INTO before_messages VALUES (${bin(first)}, 1, 1000000, 'x', 0x${newEventId()}, 1, NOW(3), NOW(3))`;
  await query(inserted.replace('1000000', '0')); // before the last key that is copied
  await expect(mysql.migrate()).rejects.toMatchObject({ cause: { code: expect.stringContaining('COPY_OF_MESSAGES') } });
  expect(await query('SELECT number FROM before_messages WHERE number = 0')).toHaveLength(1);
}, 120_000);

test('several processes convert the data once', async () => {
  const before = await contents();
  const { url, migrationUrl } = database;
  const others = [1, 2].map(() => openMysql({ url, migrationUrl, partitions: PARTITIONS }));
  await Promise.all([database.mysql, ...others].map((mysql) => mysql.migrate()));
  await Promise.all(others.map((mysql) => mysql.close()));
  await expectConverted(before);
}, 120_000);

test("the number of partitions stays that of the data, whatever a program's setting is", async () => {
  const { url, migrationUrl } = database;
  const wrong = openMysql({ url, migrationUrl, partitions: 3 });
  await wrong.migrate();
  await expect(wrong.settlePartitions()).rejects.toBeInstanceOf(WrongPartitions);
  await wrong.close();
  const [most] = await database.query<{ p: number }>('SELECT MAX(partition_number) AS p FROM messages');
  expect(most?.p).toBeGreaterThan(2);
}, 120_000);
