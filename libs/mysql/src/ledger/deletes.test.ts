import { afterAll, beforeAll, expect, test } from 'bun:test';
import { newToken, partitionOf, REMOVED_VERSION, type SearchDocument } from '@parley/domain';
import { application, chat, messages } from '../testing/events.ts';
import { flushAll, type OwnDatabase, ownDatabase, PARTITIONS } from '../testing/own-database.ts';

let database: OwnDatabase;
beforeAll(async () => {
  database = await ownDatabase();
});
afterAll(() => database.close());

/** Stores an application whose chats 1 and 2 have two messages each. */
async function stored(): Promise<string> {
  const token = newToken();
  const { store } = database.mysql;
  await store.append([
    application(token),
    chat(token, 1),
    chat(token, 2),
    { ...messages(token, 1, ['a', 'b']), extras: [{ senderId: 'ann' }, { senderId: 'bob' }] },
    messages(token, 1, ['c', 'd'], 2),
  ]);
  return token;
}

/** The documents of everything that waits, by chat and number: content and version. */
async function indexed(token: string): Promise<Record<string, [string | undefined, number]>> {
  const seen: SearchDocument[] = [];
  while ((await database.mysql.ledger.indexNext(1_000, async (documents) => void seen.push(...documents))) > 0);
  const own = seen.filter((document) => document.token === token);
  return Object.fromEntries(own.map(({ chat, number, content, version }) => [`${chat}/${number}`, [content, version]]));
}

/** Removes all rows that wait for it. */
async function purged(token: string): Promise<void> {
  const { purge } = database.mysql;
  const partition = partitionOf(token, PARTITIONS);
  for (let task = await purge.next(partition); task !== undefined; task = await purge.next(partition)) {
    while ((await purge.step(task)) > 0);
  }
}

async function drifts(...tokens: string[]) {
  const { ledger } = database.mysql;
  const found = [];
  let after: Parameters<typeof ledger.recount>[0];
  do {
    const recounted = await ledger.recount(after, 10);
    found.push(...recounted.drifts);
    after = recounted.next;
  } while (after !== undefined);
  return found.filter(({ sequence }) => tokens.includes(sequence.token));
}

async function scanned(token: string): Promise<string[]> {
  const found: string[] = [];
  const { ledger } = database.mysql;
  for (let after: Parameters<typeof ledger.scan>[0]; ; ) {
    const { documents, next } = await ledger.scan(after, 3);
    found.push(...documents.filter((document) => document.token === token).map((d) => `${d.chat}/${d.number}`));
    if (next === undefined) return found;
    after = next;
  }
}

test('a document has its sender', async () => {
  const token = await stored();
  const seen: SearchDocument[] = [];
  while ((await database.mysql.ledger.indexNext(100, async (documents) => void seen.push(...documents))) > 0);
  const own = seen.filter((document) => document.token === token);
  expect(own.map(({ senderId }) => senderId)).toEqual(['ann', 'bob', undefined, undefined]);
});

test('a deleted message becomes a document without content and sender, of its next version', async () => {
  const token = await stored();
  await indexed(token);
  await database.mysql.store.deleteMessage(token, 1, 2);
  const seen: SearchDocument[] = [];
  expect(await database.mysql.ledger.indexNext(100, async (documents) => void seen.push(...documents))).toBe(1);
  expect(seen).toEqual([{ token, chat: 1, number: 2, content: undefined, version: 2, createdAt: expect.any(Number) }]);
});

test('messages of a deleted chat are not indexed any more, and nothing can bring them back', async () => {
  const token = await stored();
  await database.mysql.store.deleteChat(token, 1);
  expect(await indexed(token)).toEqual({
    '1/1': [undefined, REMOVED_VERSION],
    '1/2': [undefined, REMOVED_VERSION],
    '2/1': ['c', 1],
    '2/2': ['d', 1],
  });
});

test('messages of a deleted application are not indexed any more', async () => {
  const token = await stored();
  await database.mysql.store.deleteApplication(token);
  expect(new Set(Object.values(await indexed(token)).map(([content]) => content))).toEqual(new Set([undefined]));
});

test('messages that are hidden because they are too old are not indexed any more', async () => {
  const token = await stored();
  await database.query(`UPDATE chats SET purged_through = 1 WHERE token = UUID_TO_BIN('${token}') AND number = 1`);
  const documents = await indexed(token);
  expect(documents['1/1']).toEqual([undefined, REMOVED_VERSION]);
  expect(documents['1/2']).toEqual(['b', 1]);
  expect(await scanned(token)).toEqual(['1/2', '2/1', '2/2']);
});

test('a message without a row was removed: it becomes a document without content', async () => {
  const token = await stored();
  await indexed(token);
  await database.mysql.store.deleteChat(token, 1);
  await indexed(token);
  await purged(token);
  expect(await indexed(token)).toEqual({ '1/1': [undefined, REMOVED_VERSION], '1/2': [undefined, REMOVED_VERSION] });
});

test('groups stay within the limit also with messages that have no row', async () => {
  const token = await stored();
  await database.mysql.store.append([messages(token, 3, Array(700).fill('x'), 1)]);
  await database.query(`DELETE FROM messages WHERE token = UUID_TO_BIN('${token}') AND number BETWEEN 100 AND 600`);
  const sizes: number[] = [];
  const seen: SearchDocument[] = [];
  const apply = async (documents: readonly SearchDocument[]) => {
    sizes.push(documents.length);
    seen.push(...documents);
  };
  while ((await database.mysql.ledger.indexNext(300, apply)) > 0);
  expect(Math.max(...sizes)).toBe(300);
  const own = seen.filter((document) => document.token === token && document.chat === 1);
  expect(own.map(({ number }) => number)).toEqual(Array.from({ length: 702 }, (_, place) => place + 1));
  expect(own.filter(({ content }) => content === undefined)).toHaveLength(501);
});

test('a scan leaves out what is deleted, also below deleted chats and applications', async () => {
  const token = await stored();
  const other = await stored();
  const { store } = database.mysql;
  await store.deleteMessage(token, 1, 1);
  await store.deleteChat(token, 2);
  await store.deleteApplication(other);
  expect(await scanned(token)).toEqual(['1/2']);
  expect(await scanned(other)).toEqual([]);
});

test('deletes lower the counts when they are summed, below zero never; a recount finds no drift', async () => {
  const token = await stored();
  const { store } = database.mysql;
  await flushAll(database.mysql);
  await store.deleteMessage(token, 1, 1);
  await store.deleteMessage(token, 1, 2);
  await store.deleteChat(token, 2);
  expect(await drifts(token)).toEqual([]);
  await flushAll(database.mysql);
  await flushAll(database.mysql);
  expect((await store.chat(token, 1))?.messagesCount).toBe(0);
  expect((await store.application(token))?.chatsCount).toBe(1);
  expect(await drifts(token)).toEqual([]);
});

test('a wrong count does not stop the sums, and a recount finds it', async () => {
  const token = await stored();
  const { store } = database.mysql;
  await flushAll(database.mysql);
  await flushAll(database.mysql);
  await database.query(`UPDATE chats SET messages_count = 0 WHERE token = UUID_TO_BIN('${token}') AND number = 1`);
  await store.deleteMessage(token, 1, 1);
  await flushAll(database.mysql);
  await flushAll(database.mysql);
  expect((await store.chat(token, 1))?.messagesCount).toBe(0);
  const sequence = { kind: 'messages', token, chat: 1 } as const;
  expect(await drifts(token)).toEqual([{ sequence, expected: 1, found: 0 }]);
  await database.query(`UPDATE chats SET messages_count = 1 WHERE token = UUID_TO_BIN('${token}') AND number = 1`);
});

test('a recount skips deleted chats and applications, before and after their rows are removed', async () => {
  const [token, other] = [await stored(), await stored()];
  const { store } = database.mysql;
  await store.deleteChat(token, 1);
  await store.deleteApplication(other);
  expect(await drifts(token, other)).toEqual([]);
  await flushAll(database.mysql);
  expect(await drifts(token, other)).toEqual([]);
  await purged(token);
  await purged(other);
  expect(await drifts(token, other)).toEqual([]);
  await flushAll(database.mysql);
  await flushAll(database.mysql);
  expect(await drifts(token, other)).toEqual([]);
});
