import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MessagesCreated, newEventId, newToken, type Store, type Token } from '@parley/domain';
import { until } from '@parley/testing';
import { Activity } from './activity.ts';
import { databaseFile, openDatabase } from './database.ts';
import { EmbeddedFeed } from './feed.ts';
import { openEmbedded } from './index.ts';
import { KeptKeys } from './kept-keys.ts';
import { Owners } from './owners.ts';
import { EmbeddedPurge } from './purge.ts';
import { SearchBacklog } from './search-backlog.ts';
import { SearchTables } from './search-tables.ts';
import { EmbeddedStore } from './store.ts';
import { Writing } from './writing.ts';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'parley-backlog-'));
});
afterEach(() => rm(dataDir, { recursive: true }));

/** The store without the upkeep, which would write what waits at any time. Closing it is like a crash. */
function openParts() {
  const { database, close } = openDatabase(dataDir);
  const now = Date.now;
  const [owners, kept, tables] = [new Owners(database), new KeptKeys(database, now), new SearchTables(database)];
  const [activity, writing] = [new Activity(database, owners), new Writing(database)];
  const feed = new EmbeddedFeed(database, now);
  const backlog = new SearchBacklog(database, tables);
  const parts = { database, writing, owners, kept, tables, backlog, feed, activity, now, accessNow: now };
  const purge = new EmbeddedPurge(database, owners, tables, backlog, feed, activity, now);
  return { store: new EmbeddedStore(parts), purge, backlog, close };
}

async function newChat(store: Store): Promise<Token> {
  const token = newToken();
  const event = { epoch: 1, at: Date.now(), token };
  await store.append([
    { ...event, id: newEventId(), type: 'application', name: 'An app' },
    { ...event, id: newEventId(), type: 'chat', number: 1, name: '' },
  ]);
  return token;
}

function messages(token: Token, first: number, contents: string[]): MessagesCreated {
  return { id: newEventId(), epoch: 1, at: Date.now(), token, type: 'messages', chat: 1, first, contents };
}

/** How many messages with `needle` the search table has. */
function inTable(): number {
  const database = new Database(databaseFile(dataDir), { strict: true });
  const count = database.query<{ n: number }, []>(
    `SELECT count(*) AS n FROM messages_search_2 WHERE messages_search_2 MATCH '"nee"'`,
  );
  const { n } = count.get() ?? { n: -1 };
  database.close(true);
  return n;
}

test('a search finds what was stored just before it', async () => {
  const { store, search, close } = openEmbedded({ dataDir, searchTimeoutMs: 20_000 });
  const token = await newChat(store);
  for (let first = 1; first <= 5; first += 1) {
    await store.append([messages(token, first, ['a needle'])]);
    const { hits } = await search.search({ token, chat: 1, query: 'needle', limit: 10 });
    expect(hits).toHaveLength(first);
  }
  await close();
});

test('without a search, messages reach the search table a little later', async () => {
  const { store, close } = openEmbedded({ dataDir, searchTimeoutMs: 20_000 });
  await store.append([messages(await newChat(store), 1, ['a needle'])]);
  await until('it is there', () => inTable() === 1);
  await close();
});

test('a stop leaves nothing that waits', async () => {
  const { store, close } = openEmbedded({ dataDir, searchTimeoutMs: 20_000 });
  await store.append([messages(await newChat(store), 1, ['a needle'])]);
  await close();
  expect(inTable()).toBe(1);
});

test('few messages wait, many are written after the turn that stored them', async () => {
  const { store, close } = openParts();
  const token = await newChat(store);
  await store.append([messages(token, 1, ['a needle'])]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(inTable()).toBe(0);
  await store.append([messages(token, 2, Array<string>(1_000).fill('a needle'))]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(inTable()).toBe(1_001);
  await close();
});

test('after a crash, what waited is added, once', async () => {
  const before = openParts();
  const token = await newChat(before.store);
  await before.store.append([messages(token, 1, ['a needle'])]);
  before.backlog.flush();
  await before.store.append([messages(token, 2, ['a needle', 'another needle'])]);
  await before.close();
  const { store, backlog, close } = openParts();
  expect(inTable()).toBe(1);
  await store.append([messages(token, 4, ['a needle'])]);
  backlog.flush();
  expect(inTable()).toBe(4);
  backlog.flush();
  expect(inTable()).toBe(4);
  await close();
});

test('after a crash, what waited can be changed, deleted and removed, and nothing of it is left', async () => {
  const before = openParts();
  const token = await newChat(before.store);
  await before.store.append([messages(token, 1, ['needle a', 'needle b', 'needle c', 'needle d'])]);
  await before.close();
  const changing = openParts();
  await changing.store.changeMessage(token, 1, 1, { content: 'changed' });
  expect(inTable()).toBe(3);
  await changing.store.append([messages(token, 5, ['needle e'])]);
  await changing.close();
  const deleting = openParts();
  await deleting.store.deleteMessage(token, 1, 2);
  expect(inTable()).toBe(3);
  await deleting.store.append([messages(token, 6, ['needle f'])]);
  await deleting.store.deleteChat(token, 1);
  await deleting.close();
  const { purge, close } = openParts();
  for (let task = await purge.next(); task !== undefined; task = await purge.next()) await purge.step(task);
  expect(inTable()).toBe(0);
  await close();
});
