import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { foldText, newEventId, newToken, type Token } from '@parley/domain';
import { temporaryFolder } from '../support/system.ts';
import { messagesCreated } from './events.ts';
import { openEmbedded } from './open-embedded.ts';

const MIGRATIONS = join(import.meta.dir, '../../libs/embedded/drizzle');
/** The migrations of the version that knew no deletes. */
const BEFORE = 3;
const AT = Date.UTC(2025, 0, 1);

let dataDir: string;
beforeEach(async () => {
  dataDir = await temporaryFolder();
});
afterEach(() => rm(dataDir, { recursive: true }));

/** Makes a data folder as the version before left it: chats 1 to 3, with 5, 0 and 2 messages. */
async function folderOfBefore(): Promise<Token> {
  const token = newToken();
  const database = new Database(join(dataDir, 'parley.db'), { create: true, strict: true });
  database.run('PRAGMA journal_mode = WAL');
  database.run('CREATE TABLE __drizzle_migrations (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at numeric)');
  const { entries } = (await Bun.file(join(MIGRATIONS, 'meta/_journal.json')).json()) as {
    entries: { readonly tag: string; readonly when: number }[];
  };
  for (const { tag, when } of entries.slice(0, BEFORE)) {
    const sql = await Bun.file(join(MIGRATIONS, `${tag}.sql`)).text();
    for (const statement of sql.split('--> statement-breakpoint')) database.run(statement);
    database.run('INSERT INTO __drizzle_migrations (hash, created_at) VALUES (?, ?)', [tag, when]);
  }
  database.run('DROP TABLE messages_search_1'); // as after its second start
  database.run('INSERT INTO applications VALUES (?, ?, 3, ?, ?, ?)', [token, 'An application', newEventId(), AT, AT]);
  const sizes = [5, 0, 2];
  for (const [index, size] of sizes.entries()) {
    const [chat, at] = [index + 1, AT + index];
    database.run('INSERT INTO chats VALUES (?, ?, ?, ?, ?, ?, ?, ?)', [chat, token, chat, 'A chat', size, 'b', at, at]);
    for (let number = 1; number <= size; number += 1) {
      const [content, written] = [`old text ${number}`, AT + 1_000 * chat + number];
      const row = [chat, number, content, newEventId(), written, written];
      database.run('INSERT INTO messages VALUES ((? << 34) + ?, ?, ?, 1, ?, ?)', row);
      const folded = ` ${foldText(content)} `;
      database.run('INSERT INTO messages_search_2 (rowid, folded) VALUES ((? << 34) + ?, ?)', [chat, number, folded]);
    }
  }
  database.close(true);
  return token;
}

test('a folder of the version before has its inbox at once, and what is in it can be changed, deleted and purged', async () => {
  const token = await folderOfBefore();
  const { store, search, feed, purge, close } = openEmbedded({ dataDir });
  const inbox = async () =>
    (await store.inbox(token, 10)).rows.map(({ number, lastMessage }) => [number, lastMessage?.content]);
  expect(await inbox()).toEqual([
    [3, 'old text 2'],
    [1, 'old text 5'],
    [2, undefined],
  ]);
  expect(await feed.heads()).toEqual([{ partition: 0, seq: 0, low: 0 }]);
  expect(await store.message(token, 1, 1)).toMatchObject({ content: 'old text 1', version: 1 });
  await store.append([messagesCreated(token, 6, ['new text'])]);
  await store.deleteMessage(token, 3, 2);
  await store.changeMessage(token, 1, 1, { content: 'changed' });
  const numbers = async (query: string, chat = 1) =>
    (await search.search({ token, chat, query, limit: 10 })).hits.map(({ number }) => number);
  expect(await inbox()).toEqual([
    [1, 'new text'],
    [3, 'old text 1'],
    [2, undefined],
  ]);
  expect([await numbers('text'), await numbers('text', 3)]).toEqual([[6, 5, 4, 3, 2], [1]]);
  await store.deleteChat(token, 1);
  expect(await numbers('text')).toEqual([]);
  for (let task = await purge.next(); task !== undefined; task = await purge.next()) await purge.step(task);
  expect(await inbox()).toEqual([
    [3, 'old text 1'],
    [2, undefined],
  ]);
  expect(await numbers('text', 3)).toEqual([1]);
  expect((await feed.heads())[0]?.seq).toBe(5);
  await close();
});

test('earlier versions cannot open the folder afterwards: they show what is deleted, or ask nobody for a key', async () => {
  await folderOfBefore();
  const { close } = openEmbedded({ dataDir });
  await close();
  const database = new Database(join(dataDir, 'parley.db'), { strict: true });
  // What these versions prepare when they open a folder.
  for (const table of ['search_fill', 'search_filled', 'search_filling'])
    expect(() => database.query(`SELECT chat_id AS chatId, number FROM ${table}`)).toThrow('no such table');
  database.close();
});
