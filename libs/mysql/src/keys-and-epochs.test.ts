import { afterAll, beforeAll, expect, test } from 'bun:test';
import { newEventId, newToken } from '@parley/domain';
import { until } from '@parley/testing';
import { createConnection } from 'mysql2/promise';
import { application, chat, messages } from './testing/events.ts';
import { isRunning, type OwnDatabase, ownDatabase, pruneAll } from './testing/own-database.ts';

let database: OwnDatabase;
beforeAll(async () => {
  database = await ownDatabase();
});
afterAll(() => database.close());

const tokenIn = (partition: number) => `0000000${partition}${newToken().slice(8)}`;

const HOUR = 60 * 60 * 1_000;
const key = (digit: string, body = 'b') => ({ hash: digit.repeat(64), body: body.repeat(64) });

test('epoch numbers rise in each partition separately, above the given one, and none is given out twice', async () => {
  const { mysql } = database;
  expect(await mysql.nextEpoch(3, 0)).toBe(1);
  const given = await Promise.all(Array.from({ length: 8 }, () => mysql.nextEpoch(3, 0)));
  expect(given.sort((a, b) => a - b)).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
  expect(await mysql.nextEpoch(3, 20)).toBe(21);
  expect(await mysql.nextEpoch(4, 0)).toBe(1);
  await mysql.store.fence(4, 6);
  expect(await mysql.nextEpoch(4, 0)).toBe(7);
});

const drawnIn = (epoch: number) => (event: ReturnType<typeof messages>) => ({ ...event, id: newEventId(epoch), epoch });

test('a new event of an ended epoch is rejected as late, and a stored one counts as repeated', async () => {
  const { store } = database.mysql;
  const token = tokenIn(5);
  await store.append([application(token), chat(token)]);
  const old = drawnIn(1)(messages(token, 1, ['old']));
  await store.append([old]);
  await store.fence(5, 2);
  await store.fence(5, 1); // an older epoch changes nothing
  const fresh = drawnIn(2)(messages(token, 2, ['fresh']));
  await store.append([fresh]);
  const late = [drawnIn(1)(messages(token, 2, ['taken'])), drawnIn(1)(messages(token, 3, ['free']))];
  const next = drawnIn(2)(messages(token, 4, ['next']));
  const appended = await store.append([old, ...late, next]);
  expect(appended).toMatchObject({ rows: 1, repeated: 1 });
  expect(appended.rejected.map(({ event, reason }) => [event.id, reason])).toEqual(late.map(({ id }) => [id, 'late']));
  expect((await store.message(token, 1, 2))?.content).toBe('fresh');
  expect(await store.message(token, 1, 3)).toBeUndefined();
  expect(await store.highest({ kind: 'messages', token, chat: 1 })).toMatchObject({ number: 4, epoch: 2, at: next.at });
});

test('a fence waits for appends of the epoch that it ends', async () => {
  const { mysql } = database;
  const token = tokenIn(7);
  await mysql.store.append([application(token), chat(token)]);
  await mysql.nextEpoch(7, 0);
  const holder = await createConnection(database.url);
  await holder.query('START TRANSACTION');
  await holder.query('UPDATE partitions SET seq = seq + 1 WHERE partition_number = 7');
  let begun = false;
  const beginning = mysql.store.fence(7, 2).then(() => {
    begun = true;
  });
  await until('the fence waits for it', () =>
    isRunning(database, 'SET fences = fences + 1, epoch = GREATEST(epoch, 2)'),
  );
  expect(begun).toBe(false);
  await holder.query('COMMIT');
  await beginning;
  await holder.end();
});

test('a keyed create is found by its key, in its own scope only', async () => {
  const { mysql } = database;
  const token = tokenIn(1);
  const made = { ...application(token), key: key('1') }; // this hash belongs to partition 1 too
  const opened = { ...chat(token, 4), key: key('2') };
  const said = { ...messages(token, 7, ['a', 'b'], 4), key: key('3') };
  await mysql.store.append([made, opened, said]);
  expect(await mysql.store.keyedCreate('applications', key('1').hash)).toEqual({
    eventId: made.id,
    bodyHash: key('1').body,
    token,
    first: 0,
    epoch: 1,
    at: made.at,
  });
  expect(await mysql.store.keyedCreate(token, key('2').hash)).toMatchObject({ eventId: opened.id, token, first: 4 });
  expect(await mysql.store.keyedCreate(token, key('3').hash)).toMatchObject({ eventId: said.id, token, first: 7 });
  expect(await mysql.store.keyedCreate(token, key('1').hash)).toBeUndefined();
  expect(await mysql.store.keyedCreate(newToken(), key('2').hash)).toBeUndefined();
});

test('a key keeps its first create for 24 hours, then the next one takes it; both creates are stored', async () => {
  const { mysql } = database;
  const token = tokenIn(1);
  const now = Date.now();
  const at = (hours: number, first: number) => ({
    ...messages(token, first, [`at ${hours}`]),
    at: now + hours * HOUR,
    key: key('4', String(first)),
  });
  const [first, second, third] = [at(0, 1), at(23.9, 2), at(24.1, 3)];
  await mysql.store.append([application(token), chat(token), first]);
  expect(await mysql.store.append([second])).toMatchObject({ rows: 1 });
  expect(await mysql.store.keyedCreate(token, key('4').hash)).toMatchObject({
    eventId: first.id,
    first: 1,
    at: first.at,
  });
  expect(await mysql.store.append([third])).toMatchObject({ rows: 1 });
  expect(await mysql.store.keyedCreate(token, key('4').hash)).toMatchObject({
    eventId: third.id,
    bodyHash: key('4', '3').body,
    first: 3,
    at: third.at,
  });
});

test('a key older than 24 hours is not found, even if its row still exists', async () => {
  const { mysql } = database;
  const token = tokenIn(1);
  const aged = (hours: number, first: number, digit: string) => ({
    ...messages(token, first, ['x']),
    at: Date.now() - hours * HOUR,
    key: key(digit),
  });
  await mysql.store.append([application(token), chat(token), aged(23.9, 1, '7'), aged(24.1, 2, '8')]);
  expect(await mysql.store.keyedCreate(token, key('7').hash)).toMatchObject({ first: 1 });
  expect(await mysql.store.keyedCreate(token, key('8').hash)).toBeUndefined();
});

test('expired keys are pruned, others stay', async () => {
  const { mysql } = database;
  const token = tokenIn(1);
  const aged = (hours: number, first: number, digit: string) => ({
    ...messages(token, first, ['x']),
    at: Date.now() - hours * HOUR,
    key: key(digit),
  });
  await mysql.store.append([application(token), chat(token), aged(23, 1, '5'), aged(26, 2, '6')]);
  await pruneAll(mysql);
  expect(await mysql.store.keyedCreate(token, key('5').hash)).toBeDefined();
  expect(await mysql.store.keyedCreate(token, key('6').hash)).toBeUndefined();
});
