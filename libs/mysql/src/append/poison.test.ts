import { afterAll, beforeAll, expect, test } from 'bun:test';
import { newToken } from '@parley/domain';
import { messagesIn } from '@parley/testing';
import { application, chat, messages } from '../testing/events.ts';
import { type OwnDatabase, ownDatabase } from '../testing/own-database.ts';

let database: OwnDatabase;
beforeAll(async () => {
  database = await ownDatabase();
});
afterAll(() => database.close());

test('only events with values that the database refuses are rejected, and the rest of their batch is stored', async () => {
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

test('two appenders with overlapping batches store each event once', async () => {
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

test('each bad event of one batch is rejected for its own reason', async () => {
  const { store } = database.mysql;
  const token = newToken();
  const stored = messages(token, 1, ['stored', 'before']);
  await store.append([application(token), chat(token), stored]);
  const good = messages(token, 3, ['good', 'too']);
  const tooLong = messages(token, 5, ['fine', 'x'.repeat(10_001)]);
  const late = { ...messages(token, 7, ['after the year 9999']), at: 1e15 };
  const surrogate = messages(token, 8, ['half of \ud83d']);
  const collision = messages(token, 2, ['takes 2', 'and 3']);
  const ghost = chat(token, 9, 'y'.repeat(256));
  const inGhost = messages(token, 1, ['nobody reads this'], 9);
  const orphan = messages(newToken(), 1, ['nobody reads this either']);
  const last = messages(token, 10, ['last']);
  const events = [stored, good, tooLong, late, surrogate, collision, ghost, inGhost, orphan, last, last];
  const answer = await store.append(events);
  expect(answer).toMatchObject({ rows: 3, repeated: 2 });
  expect(new Map(answer.rejected.map(({ event, reason }) => [event.id, reason]))).toEqual(
    new Map([
      [tooLong.id, 'rejected'],
      [late.id, 'rejected'],
      [surrogate.id, 'rejected'],
      [ghost.id, 'rejected'],
      [collision.id, 'collision'],
      [inGhost.id, 'unknown-owner'],
      [orphan.id, 'unknown-owner'],
    ]),
  );
  expect(answer.uncounted[0]?.deltas).toEqual([{ sequence: { kind: 'messages', token, chat: 1 }, count: 3 }]);
  for (const { detail } of answer.rejected) expect(detail).not.toMatch(/nobody|xxx|yyy|fine|takes/);
  const page = await store.messages(token, 1, { limit: 20 });
  expect(messagesIn(page).map(({ content }) => content)).toEqual(['stored', 'before', 'good', 'too', 'last']);
});

test('a batch of bad events only is rejected as a whole, and stores nothing', async () => {
  const { store, ledger } = database.mysql;
  const token = newToken();
  await store.append([application(token), chat(token)]);
  const events = Array.from({ length: 33 }, (_, index) => messages(token, index + 1, ['z'.repeat(10_001)]));
  const before = await ledger.unindexed();
  expect((await store.append(events)).rejected).toHaveLength(33);
  expect((await store.messages(token, 1, { limit: 5 })).rows).toEqual([]);
  expect((await ledger.unindexed()).batches).toBe(before.batches);
});

test('a batch much longer than one statement is stored completely', async () => {
  const { store } = database.mysql;
  const token = newToken();
  const contents = Array.from({ length: 300 }, (_, index) => `${index} ${"'\\😀".repeat(2_500)}`);
  const answer = await store.append([application(token), chat(token), messages(token, 1, contents)]);
  expect(answer).toMatchObject({ rows: 302, rejected: [] });
  const page = await store.messages(token, 1, { limit: 200, after: 100 });
  expect(messagesIn(page).map(({ content }) => content)).toEqual(contents.slice(100));
});
