import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MessagesCreated, newEventId, newToken, type Token } from '@parley/domain';
import { drawFrom } from '@parley/testing';
import { openEmbedded } from './index.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-deleted-'));
});
afterEach(() => rm(folder, { recursive: true }));

const common = (token: Token) => ({ id: newEventId(), epoch: 1, at: Date.now(), token });
function messagesOf(token: Token, contents: string[], some: Partial<MessagesCreated> = {}): MessagesCreated {
  return { type: 'messages', ...common(token), chat: 1, first: 1, contents, ...some };
}
async function opened() {
  const embedded = openEmbedded({ dataDir: folder });
  const token = newToken();
  const chats = [1, 2].map((number) => ({ type: 'chat' as const, ...common(token), number, name: '' }));
  await embedded.store.append([{ type: 'application', ...common(token), name: 'An app' }, ...chats]);
  return { embedded, token };
}

test('after a restart, nothing is drawn below what was deleted: not with a key that was used, not after a late seed', async () => {
  const { embedded, token } = await opened();
  const key = { hash: 'a'.repeat(64), body: 'b'.repeat(64) };
  await embedded.store.append([messagesOf(token, ['x'], { key })]);
  const draw = (from: typeof embedded, chat: number, keyed: boolean) => {
    const sequence = { kind: 'messages' as const, token, chat };
    return drawFrom(from.numbering, { sequence, count: 1, ...(keyed && { key }) });
  };
  expect(await draw(embedded, 1, true)).toMatchObject({ status: 'repeated', first: 1 });
  await embedded.store.deleteChat(token, 1);
  await embedded.close();
  const again = openEmbedded({ dataDir: folder });
  await again.numbering.seed({ kind: 'messages', token, chat: 1 }, { number: 1 });
  expect(await draw(again, 1, true)).toEqual({ status: 'gone' });
  expect(await draw(again, 1, false)).toEqual({ status: 'gone' });
  expect(await draw(again, 2, false)).toMatchObject({ status: 'missing' });
  await again.store.deleteApplication(token);
  expect(await draw(again, 2, false)).toEqual({ status: 'gone' });
  await again.close();
});

test('while the purge is at it, no search finds what is below a deleted chat; afterwards the search table has none of it', async () => {
  const { embedded, token } = await opened();
  const { store, search, purge } = embedded;
  const contents = Array.from({ length: 700 }, (_, index) => `needle ${index}`);
  await store.append([messagesOf(token, contents), messagesOf(token, ['needle kept'], { chat: 2 })]);
  const found = async (chat: number) => (await search.search({ token, chat, query: 'needle', limit: 5 })).hits.length;
  const inTable = () => {
    const database = new Database(join(folder, 'parley.db'), { readonly: true });
    const { n } = database
      .query<{ n: number }, []>(`SELECT count(*) AS n FROM messages_search_2 WHERE messages_search_2 MATCH '"nee"'`)
      .get() ?? { n: 0 };
    database.close();
    return n;
  };
  expect([await found(1), await found(2), inTable()]).toEqual([5, 1, 701]);
  await store.deleteMessage(token, 1, 700);
  expect(inTable()).toBe(700);
  await store.deleteChat(token, 1);
  expect([await found(1), inTable()]).toEqual([0, 700]);
  for (let task = await purge.next(); task !== undefined; task = await purge.next()) {
    await purge.step(task);
    expect([await found(1), await found(2)]).toEqual([0, 1]);
  }
  expect(inTable()).toBe(1);
  await embedded.close();
});

test('the purge goes on after a restart, and leaves the deleted application and nothing below it', async () => {
  const { embedded, token } = await opened();
  await embedded.store.append([messagesOf(token, Array<string>(600).fill('x')), messagesOf(token, ['y'], { chat: 2 })]);
  await embedded.store.markRead(token, 2, 'someone', 1);
  await embedded.store.deleteApplication(token);
  const task = (await embedded.purge.next())!;
  expect(await embedded.purge.step(task)).toBeGreaterThan(0);
  await embedded.close();
  const again = openEmbedded({ dataDir: folder });
  for (let next = await again.purge.next(); next !== undefined; next = await again.purge.next())
    await again.purge.step(next);
  await again.close();
  const database = new Database(join(folder, 'parley.db'), { readonly: true });
  const rows = (table: string) => database.query<{ n: number }, []>(`SELECT count(*) AS n FROM ${table}`).get()?.n;
  expect(['applications', 'chats', 'messages', 'reads', 'purges'].map(rows)).toEqual([1, 0, 0, 0, 0]);
  database.close();
});

test('a step of the purge removes few messages with long texts, because other requests wait meanwhile', async () => {
  const { embedded, token } = await opened();
  await embedded.store.append([messagesOf(token, Array<string>(40).fill('x'.repeat(5_000)))]);
  await embedded.store.deleteChat(token, 1);
  const task = (await embedded.purge.next())!;
  expect(await embedded.purge.step(task)).toBeLessThanOrEqual(5);
  let removed = 0;
  for (let rows = await embedded.purge.step(task); rows > 0; rows = await embedded.purge.step(task)) removed += rows;
  expect(removed).toBeGreaterThanOrEqual(35);
  await embedded.close();
});

test('a delete below very many deleted messages costs no more than any other, and the inbox is right', async () => {
  const { embedded, token } = await opened();
  const { store } = embedded;
  const contents = Array<string>(1_000).fill('x');
  for (const chat of [1, 2]) await store.append([messagesOf(token, contents, { chat })]);
  for (let first = 1_001; first < 200_000; first += 1_000) await store.append([messagesOf(token, contents, { first })]);
  const database = new Database(join(folder, 'parley.db'));
  database.run(`UPDATE messages SET deleted_at = 1 WHERE id & ${2 ** 34 - 1} > 1000`);
  database.close();
  const lastOf = async (chat: number) =>
    (await store.inbox(token, 2)).rows.find(({ number }) => number === chat)?.lastMessage?.number;
  expect([await lastOf(1), await lastOf(2)]).toEqual([1_000, 1_000]);
  const msFor = async (chat: number) => {
    const begun = performance.now();
    for (let number = 1_000; number > 950; number -= 1) await store.deleteMessage(token, chat, number);
    return performance.now() - begun;
  };
  expect(await msFor(1)).toBeLessThan(5 * (await msFor(2)));
  expect([await lastOf(1), await lastOf(2)]).toEqual([950, 950]);
  await store.append([messagesOf(token, ['y', 'z'], { chat: 2, first: 1_001 })]);
  await store.deleteMessage(token, 2, 1_002); // before it is in the inbox
  await store.deleteMessage(token, 2, 950);
  expect(await lastOf(2)).toBe(1_001);
  await store.deleteMessage(token, 2, 1_001);
  expect(await lastOf(2)).toBe(949);
  await embedded.close();
});
