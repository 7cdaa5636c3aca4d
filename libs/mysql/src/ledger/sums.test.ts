import { afterAll, beforeAll, expect, test } from 'bun:test';
import { newToken } from '@parley/domain';
import { application, chat, messages } from '../testing/events.ts';
import { flushAll, type OwnDatabase, ownDatabase } from '../testing/own-database.ts';

let database: OwnDatabase;
beforeAll(async () => {
  database = await ownDatabase();
});
afterAll(() => database.close());

test('a generation of more batches than one statement reads is summed as a whole', async () => {
  const { store } = database.mysql;
  const token = newToken();
  await store.append([application(token), chat(token)]);
  for (let number = 1; number <= 250; number += 1) await store.append([messages(token, number, ['x'])]);
  await flushAll(database.mysql);
  expect((await store.chat(token, 1))?.messagesCount).toBe(250);
});
