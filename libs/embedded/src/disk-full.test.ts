import type { Database } from 'bun:sqlite';
import { expect, test } from 'bun:test';
import { mkdtemp, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Event, type MessagesCreated, newEventId, newToken, type Store, Unavailable } from '@parley/domain';
import { failure, messagesIn, tellLeftOut } from '@parley/testing';
import { Activity } from './activity.ts';
import { openDatabase } from './database.ts';
import { EmbeddedFeed } from './feed.ts';
import { openEmbedded } from './index.ts';
import { KeptKeys } from './kept-keys.ts';
import { Owners } from './owners.ts';
import { SearchTables } from './search-tables.ts';
import { EmbeddedStore } from './store.ts';
import { Writing } from './writing.ts';

const TEXT = 'lorem ipsum dolor sit amet '.repeat(100);

/** Mounts a file system of `bytes` bytes in a new folder; returns undefined if that is not allowed. */
async function mountTmpfs(bytes: number): Promise<{ folder: string; unmount: () => Promise<void> } | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-disk-'));
  const mounted = await run('mount', '-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder);
  if (!mounted) await rm(folder, { recursive: true });
  return mounted
    ? {
        folder,
        unmount: async () => {
          await run('umount', '-l', folder); // `-l` unmounts even if a failed test has left a file open
          await rm(folder, { recursive: true });
        },
      }
    : undefined;
}

async function run(...command: string[]): Promise<boolean> {
  try {
    return (await Bun.spawn(command, { stdout: 'ignore', stderr: 'ignore' }).exited) === 0;
  } catch {
    return false; // no such program here
  }
}

const mounted = await mountTmpfs(1024 * 1024);
if (mounted === undefined) tellLeftOut('a full disk', 'mounting is not allowed here');
await mounted?.unmount();

async function storedChat(store: Store): Promise<string> {
  const [token, at] = [newToken(), Date.now()];
  await store.append([
    { type: 'application', id: newEventId(), epoch: 1, at, token, name: 'An app' },
    { type: 'chat', id: newEventId(), epoch: 1, at, token, number: 1, name: 'A chat' },
  ]);
  return token;
}

function messages(token: string, first: number): MessagesCreated {
  return {
    type: 'messages',
    id: newEventId(),
    epoch: 1,
    at: Date.now(),
    token,
    chat: 1,
    first,
    contents: [TEXT, TEXT],
  };
}

/** Appends messages, two at a time, until the store refuses them. Returns how many messages it acknowledged. */
async function fill(store: Store, token: string): Promise<number> {
  for (let first = 1; ; first += 2) {
    const error = await failure(store.append([messages(token, first)]));
    if (error === undefined) continue;
    expect(error).toMatchObject({ name: 'Unavailable', dependency: 'store' });
    return first - 1;
  }
}

async function expectStored(store: Store, token: string, count: number): Promise<void> {
  expect((await store.chat(token, 1))?.messagesCount).toBe(count);
  expect(await store.highest({ kind: 'messages', token, chat: 1 })).toMatchObject({ number: count });
  let read = 0;
  for (let more = true; more; ) {
    const page = await store.messages(token, 1, { limit: 200, after: read });
    expect(messagesIn(page).every(({ content }) => content === TEXT)).toBe(true);
    read += page.rows.length;
    more = page.more;
  }
  expect(read).toBe(count);
}

function storeOn(database: Database): EmbeddedStore {
  const now = Date.now;
  const feed = new EmbeddedFeed(database, now);
  const [owners, kept, tables] = [new Owners(database), new KeptKeys(database, now), new SearchTables(database)];
  const [activity, writing] = [new Activity(database, owners), new Writing(database)];
  return new EmbeddedStore({ database, writing, owners, kept, tables, feed, activity, now, accessNow: now });
}

test('a database that may not grow refuses with Unavailable, keeps what it has, and goes on when it may', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-disk-'));
  const { database, close } = openDatabase(folder);
  try {
    const store = storeOn(database);
    const token = await storedChat(store);
    database.run('PRAGMA max_page_count = 300');
    const acknowledged = await fill(store, token);
    expect(acknowledged).toBeGreaterThan(10);
    await expectStored(store, token, acknowledged);
    expect(await failure(store.append([messages(token, acknowledged + 1)]))).toBeInstanceOf(Unavailable);
    database.run('PRAGMA max_page_count = 100000');
    await store.append([messages(token, acknowledged + 1)]);
    await expectStored(store, token, acknowledged + 2);
    await store.ping();
  } finally {
    close();
    await rm(folder, { recursive: true });
  }
});

test('a chat whose batch did not fit is unknown afterwards', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-disk-'));
  const { database, close } = openDatabase(folder);
  try {
    const store = storeOn(database);
    const token = await storedChat(store);
    database.run('PRAGMA max_page_count = 100');
    const chat: Event = { type: 'chat', id: newEventId(), epoch: 1, at: Date.now(), token, number: 2, name: 'A chat' };
    const large = { ...messages(token, 1), chat: 2, contents: Array<string>(1_000).fill(TEXT) };
    expect(await failure(store.append([chat, large]))).toBeInstanceOf(Unavailable);
    database.run('PRAGMA max_page_count = 100000');
    const { rows, rejected } = await store.append([{ ...messages(token, 1), chat: 2 }]);
    expect([rows, rejected.map(({ reason }) => reason)]).toEqual([0, ['unknown-owner']]);
    expect(await store.append([chat, large])).toMatchObject({ rows: 1_001, rejected: [] });
  } finally {
    close();
    await rm(folder, { recursive: true });
  }
});

test.skipIf(mounted === undefined)(
  'a full disk refuses with Unavailable, is not ready, keeps what it acknowledged, and is used again when it has space',
  async () => {
    const disk = await mountTmpfs(8 * 1024 * 1024);
    if (disk === undefined) throw new Error('the disk of the test could be mounted a moment ago');
    const ballast = join(disk.folder, 'ballast');
    const dataDir = join(disk.folder, 'data');
    try {
      await writeFile(ballast, Buffer.alloc(3 * 1024 * 1024));
      const embedded = openEmbedded({ dataDir });
      const { store } = embedded;
      const token = await storedChat(store);
      const acknowledged = await fill(store, token);
      expect(acknowledged).toBeGreaterThan(10);
      expect(await failure(store.ping())).toBeInstanceOf(Unavailable);
      await expectStored(store, token, acknowledged);
      await unlink(ballast);
      await store.ping();
      await store.append([messages(token, acknowledged + 1)]);
      await expectStored(store, token, acknowledged + 2);
      await embedded.close();
      const reopened = openEmbedded({ dataDir });
      await expectStored(reopened.store, token, acknowledged + 2);
      await reopened.close();
    } finally {
      await disk.unmount();
    }
  },
);
