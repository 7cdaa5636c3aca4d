import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MessagesCreated, newEventId, newToken, type Token } from '@parley/domain';
import { openEmbedded } from './index.ts';

/** Texts of which each three characters are in no other text here, so they can be found in the search table too. */
const SECRET = '🐙🐚🐛';
const LONG = `${SECRET} ${'a long text takes pages of its own. '.repeat(200)}`;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-erased-'));
});
afterEach(() => rm(folder, { recursive: true }));

const common = (token: Token) => ({ id: newEventId(), epoch: 1, at: Date.now(), token });
const chatOf = (token: Token, number: number, name: string, metadata?: string) => {
  return { type: 'chat' as const, ...common(token), number, name, ...(metadata !== undefined && { metadata }) };
};
function messagesOf(token: Token, first: number, contents: string[], some: Partial<MessagesCreated> = {}) {
  return { type: 'messages' as const, ...common(token), chat: 1, first, contents, ...some };
}
const others = (count: number) => Array.from({ length: count }, (_, index) => `An ordinary message, number ${index}.`);

/** An application with messages around those of the test, so that pages are full. */
async function withMessages() {
  const embedded = openEmbedded({ dataDir: folder });
  const token = newToken();
  await embedded.store.append([{ type: 'application', ...common(token), name: 'An app' }, chatOf(token, 1, 'A chat')]);
  await embedded.store.append([messagesOf(token, 1, others(500))]);
  return { embedded, token };
}

/** Which of the texts are in the files, after everything in the write-ahead log was copied into the database. */
async function inFiles(texts: readonly string[]): Promise<string[]> {
  const database = new Database(join(folder, 'parley.db'));
  database.run('PRAGMA wal_checkpoint(TRUNCATE)');
  database.close();
  const files = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name))));
  return texts.filter((text) => files.some((bytes) => bytes.includes(text)));
}

test('no file has the text, the sender or the metadata of a deleted message, nor what a change has replaced', async () => {
  const { embedded, token } = await withMessages();
  const { store, close } = embedded;
  const extras = [LONG, 'second'].map((_, index) => ({ senderId: `sender-${index}`, metadata: `{"secret":${index}}` }));
  await store.append([messagesOf(token, 501, [LONG, '🦓🦒🦔 second'], { extras })]);
  await store.append([messagesOf(token, 503, others(500))]);
  const texts = [SECRET, 'takes pages of its own', '🦓🦒🦔', 'sender-0', 'sender-1', '{"secret":0}', '{"secret":1}'];
  expect(await inFiles(texts)).toEqual(texts);
  expect(await store.deleteMessage(token, 1, 501)).toBe(true);
  await store.changeMessage(token, 1, 502, { content: 'another text', metadata: null });
  expect(await inFiles(texts)).toEqual(['sender-1']);
  expect(await inFiles(['🐙', 'another text'])).toEqual(['another text']);
  await close();
});

test('no file has the names of what was deleted; after the purge none has a text that was below it', async () => {
  const { embedded, token } = await withMessages();
  const { store, purge, close } = embedded;
  await store.append([chatOf(token, 2, 'A named chat', '{"chat":"data"}')]);
  const below = Array.from({ length: 600 }, (_, index) => `hidden ${index} ${SECRET}`);
  await store.append([messagesOf(token, 1, [...below, LONG], { chat: 2 })]);
  await store.markRead(token, 2, 'a-reader', 3);
  const chat = ['A named chat', '{"chat":"data"}'];
  const rows = ['hidden 0', 'hidden 333', 'hidden 599', 'takes pages of its own', 'a-reader'];
  expect(await inFiles([...chat, ...rows])).toEqual([...chat, ...rows]);
  await store.deleteChat(token, 2);
  expect(await inFiles(chat)).toEqual([]);
  for (let task = await purge.next(); task !== undefined; task = await purge.next()) await purge.step(task);
  // The feed says for a while that this user has read, as it says what else was done.
  expect((await inFiles(rows)).filter((text) => text !== 'a-reader')).toEqual([]);
  expect(await inFiles(['An ordinary message', 'An app'])).toHaveLength(2);
  await store.deleteApplication(token);
  expect(await inFiles(['An app'])).toEqual([]);
  for (let task = await purge.next(); task !== undefined; task = await purge.next()) await purge.step(task);
  expect(await inFiles(['An ordinary message', 'A chat'])).toEqual([]);
  await close();
});
