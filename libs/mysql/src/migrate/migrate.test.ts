/** The migrations, on tables that hold data of each version before. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { newEventId, newToken, partitionOf } from '@parley/domain';
import { messagesIn } from '@parley/testing';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { createConnection } from 'mysql2/promise';
import { LEVEL } from '../level.ts';
import { messages } from '../testing/events.ts';
import { flushAll, type OwnDatabase, ownDatabase, PARTITIONS } from '../testing/own-database.ts';

const MIGRATIONS = readMigrationFiles({ migrationsFolder: join(import.meta.dir, '../../drizzle') });
const token = newToken();
const partition = partitionOf(token, PARTITIONS);
const key = `${partition}, 0x${token.replaceAll('-', '')}`;

let database: OwnDatabase;

/** Makes the tables as the first `count` migrations leave them, with a message and what belongs to it. */
async function tablesOf(count: number): Promise<void> {
  database = await ownDatabase({ migrated: false });
  const { query } = database;
  await query('CREATE TABLE __drizzle_migrations (id SERIAL PRIMARY KEY, hash TEXT NOT NULL, created_at BIGINT)');
  for (const { sql, folderMillis } of MIGRATIONS.slice(0, count)) {
    await run(sql);
    await query(`INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('x', ${folderMillis})`);
  }
  await query(`INSERT INTO installation (id, partitions) VALUES (1, ${PARTITIONS})`);
  for (let number = 0; number < PARTITIONS; number += 1) {
    await query(`INSERT INTO partitions (partition_number, seq, level) VALUES (${number}, 1, ${count})`);
  }
  const times = 'event_id, created_at, updated_at';
  const end = `0x${newEventId()}, NOW(3), NOW(3)`;
  await query(`INSERT INTO applications (partition_number, token, name, chats_count, ${times})
    VALUES (${key}, 'An application', 1, ${end})`);
  await query(`INSERT INTO chats (partition_number, token, number, name, messages_count, ${times})
    VALUES (${key}, 1, 'A chat', 0, ${end})`);
  await query(`INSERT INTO messages (partition_number, token, chat_number, number, content, version, ${times})
    VALUES (${key}, 1, 1, 'before', 3, ${end})`);
  await query(`INSERT INTO batches (partition_number, seq, generation, messages, chats, documents, indexed, created_at)
    VALUES (${partition}, 1, 1, '${JSON.stringify([[token, [[1, 1, 1]]]])}', '[]', 1, 0, NOW(3))`);
}

/** Runs statements as the user of migrations, on a connection that ends with them. */
async function run(statements: readonly string[]): Promise<void> {
  const connection = await createConnection(database.migrationUrl);
  try {
    for (const sql of statements) await connection.query(sql);
  } finally {
    await connection.end();
  }
}

async function expectCurrent(): Promise<void> {
  const { mysql, query } = database;
  await mysql.settlePartitions();
  const application = await mysql.store.application(token);
  expect(application).toMatchObject({ name: 'An application', version: 1, chatsCount: 1 });
  expect(application?.limits).toBeUndefined();
  expect(await mysql.store.chat(token, 1)).toMatchObject({ name: 'A chat', version: 1 });
  expect(await mysql.store.message(token, 1, 1)).toMatchObject({ content: 'before', version: 3 });
  await mysql.store.append([messages(token, 2, ['after'])]);
  const kinds = await query<{ kind: string | null }>(
    `SELECT kind FROM batches WHERE partition_number = ${partition} ORDER BY seq`,
  );
  expect(kinds.map(({ kind }) => kind)).toEqual([null, 'created']);
  await flushAll(mysql);
  expect(await mysql.store.chat(token, 1)).toMatchObject({ messagesCount: 2 });
  expect(await mysql.keys.accessSince()).toMatchObject({ keyed: undefined, revoked: [], signingKeys: [], limits: [] });
  await mysql.keys.setKeyed(true);
  await mysql.store.changeApplication(token, { limits: { liveConnections: 2 } });
  const limits = [{ token, limits: { liveConnections: 2 } }];
  expect(await mysql.keys.accessSince()).toMatchObject({ keyed: true, limits });
}

/** `count`: how many migrations the version before has. */
describe.each([[1], [2]])('the tables of migration %i', (count) => {
  beforeEach(() => tablesOf(count));
  afterEach(() => database.close());

  test('rows keep their values, and get defaults where they had none', async () => {
    await database.mysql.migrate();
    await expectCurrent();
  }, 60_000);

  test('the next migration runs again after it was interrupted behind any of its statements', async () => {
    const statements = MIGRATIONS[count]?.sql ?? [];
    expect(statements.length).toBeGreaterThan(9);
    // What each statement has changed stays: so the next attempt finds what an interruption behind it leaves.
    for (let done = 1; done <= statements.length; done += 1) await run(statements.slice(0, done));
    await database.mysql.migrate();
    await expectCurrent();
  }, 60_000);

  test('a program of that version still stores rows in the new tables, until the level is raised', async () => {
    await database.mysql.migrate();
    await database.query(
      `INSERT INTO messages (partition_number, token, chat_number, number, content, event_id, created_at, updated_at)
       VALUES (${key}, 1, 2, 'of an older program', 0x${newEventId()}, NOW(3), NOW(3))`,
    );
    const record = JSON.stringify([[token, [[1, 2, 2]]]]);
    await database.query(
      `INSERT INTO batches (partition_number, seq, generation, messages, chats, documents, indexed, created_at)
       VALUES (${partition}, 2, 1, '${record}', '[]', 1, 0, NOW(3))`,
    );
    await database.query(`UPDATE partitions SET seq = 2 WHERE partition_number = ${partition}`);
    const page = await database.mysql.store.messages(token, 1, { limit: 5 });
    expect(messagesIn(page).map(({ content }) => content)).toEqual(['before', 'of an older program']);
    expect(await database.mysql.store.message(token, 1, 1)).toMatchObject({ version: 3 });
    await flushAll(database.mysql);
    expect(await database.mysql.store.chat(token, 1)).toMatchObject({ messagesCount: 2 });
    const levels = () => database.query('SELECT DISTINCT level FROM partitions');
    expect(await levels()).toEqual([{ level: count }]);
    await database.mysql.raiseLevel();
    expect(await levels()).toEqual([{ level: LEVEL }]);
  }, 60_000);
});

test('the level is above that of the last version that checks no keys', () => {
  expect(LEVEL).toBeGreaterThan(2);
});
