import { afterAll, beforeAll, expect, test } from 'bun:test';
import { newToken } from '@parley/domain';
import { application, chat, messages } from '../testing/events.ts';
import { type OwnDatabase, ownDatabase } from '../testing/own-database.ts';

let database: OwnDatabase;
beforeAll(async () => {
  database = await ownDatabase();
});
afterAll(() => database.close());

test('values that the database refuses are found among good ones; only they are rejected, the rest is stored', async () => {
  const { store } = database.mysql;
  const token = newToken();
  const good = Array.from({ length: 40 }, (_, index) => messages(token, index + 1, [`good ${index}`]));
  const poison = [chat(token, 2, 'x'.repeat(300)), chat(token, 3, 'y'.repeat(300))];
  const [first, second] = poison;
  const events = [application(token), chat(token), ...good.slice(0, 13), first!, ...good.slice(13), second!];
  const { rows, rejected } = await store.append(events);
  expect(rejected.map(({ event, reason }) => [event, reason])).toEqual(poison.map((event) => [event, 'rejected']));
  expect(rows).toBe(42);
  expect((await store.messages(token, 1, { limit: 50 })).rows).toHaveLength(40);
  expect(await store.chat(token, 2)).toBeUndefined();
});

test('two appenders that are given overlapping batches store each event once', async () => {
  const { store } = database.mysql;
  const token = newToken();
  await store.append([application(token), chat(token)]);
  const events = Array.from({ length: 200 }, (_, index) => messages(token, index * 2 + 1, ['a', 'b']));
  const answers = await Promise.all([
    store.append(events.slice(0, 150)),
    store.append(events.slice(50)),
    store.append(events),
  ]);
  expect(answers.flatMap(({ rejected }) => rejected)).toEqual([]);
  expect(answers.reduce((sum, { rows }) => sum + rows, 0)).toBe(400);
  const [count] = await database.query<{ n: number }>(
    `SELECT COUNT(*) AS n FROM messages WHERE token = UUID_TO_BIN('${token}')`,
  );
  expect(count?.n).toBe(400);
});
