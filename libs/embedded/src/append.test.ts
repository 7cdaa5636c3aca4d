import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChatCreated, type MessagesCreated, newEventId, newToken } from '@parley/domain';
import { failure } from '@parley/testing';
import { openEmbedded } from './index.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-append-'));
});
afterEach(() => rm(folder, { recursive: true }));

const token = newToken();
const common = () => ({ id: newEventId(), epoch: 1, at: Date.now(), token });
const chat = (number: number): ChatCreated => ({ type: 'chat', ...common(), number, name: '' });
const message = (of: number, content: string): MessagesCreated => {
  return { type: 'messages', ...common(), chat: of, first: 1, contents: [content] };
};

test('a chat of a batch that was rolled back is not known: what comes for it does not go to the chat that has its place', async () => {
  const { store, close } = openEmbedded({ dataDir: folder });
  await store.append([{ type: 'application', ...common(), name: 'An app' }]);
  const text: unknown = null;
  const refusedByDatabase = { ...message(1, ''), first: 2, contents: [text as string] };
  expect(await failure(store.append([chat(1), message(1, 'lost'), refusedByDatabase]))).toBeInstanceOf(Error);
  await store.append([chat(2)]);
  const { rejected } = await store.append([message(1, 'an orphan')]);
  expect(rejected.map(({ reason }) => reason)).toEqual(['unknown-owner']);
  expect((await store.messages(token, 2, { limit: 10 })).rows).toEqual([]);
  await close();
});
