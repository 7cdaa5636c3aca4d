import { afterAll, beforeEach, expect, test } from 'bun:test';
import { newToken, partitionOf, type Token } from '@parley/domain';
import { openMysql } from '../open.ts';
import { application, chat, messages } from '../testing/events.ts';
import { advanceAll, type OwnDatabase, ownDatabase, PARTITIONS } from '../testing/own-database.ts';

let database: OwnDatabase | undefined;
let token: Token = '';
let partition = 0;
beforeEach(async () => {
  await database?.close();
  database = await ownDatabase();
  [token, partition] = await stored(3);
});
afterAll(() => database?.close());

function open(): OwnDatabase {
  if (database === undefined) throw new Error('no database');
  return database;
}

/** Stores an application with so many chats, each with one message. */
async function stored(chats: number): Promise<[Token, number]> {
  const made = newToken();
  const numbers = Array.from({ length: chats }, (_, place) => place + 1);
  await open().mysql.store.append([
    application(made),
    ...numbers.map((number) => chat(made, number)),
    ...numbers.map((number) => messages(made, 1, ['x'], number)),
  ]);
  return [made, partitionOf(made, PARTITIONS)];
}

/** The rows of an application: chat and last number. */
async function rowsOf(made: Token): Promise<[number, number][]> {
  const rows = await open().query<{ chat_number: number; last_number: number }>(
    `SELECT chat_number, last_number FROM activity WHERE token = UUID_TO_BIN('${made}') ORDER BY chat_number`,
  );
  return rows.map(({ chat_number, last_number }) => [chat_number, last_number]);
}

async function state(): Promise<{ seq: number; activity: number } | undefined> {
  const [row] = await open().query<{ seq: number; activity: number }>(
    `SELECT seq, activity FROM partitions WHERE partition_number = ${partition}`,
  );
  return row;
}

const advance = () => open().mysql.ledger.advanceActivity(partition);
const asBefore = (assignment: string) =>
  open().query(`UPDATE batches SET ${assignment} WHERE partition_number = ${partition}`);

test('a call that has nothing to do changes nothing', async () => {
  await advanceAll(open().mysql);
  const { seq, activity } = (await state()) ?? {};
  expect(activity).toBe(seq ?? -1);
  expect(await advance()).toBe(0);
});

test('rows and `activity` change together: if the commit fails, neither does', async () => {
  await advanceAll(open().mysql);
  const before = await state();
  await open().mysql.store.append([messages(token, 2, ['y'])]);
  await open().query(`CREATE TRIGGER fails BEFORE UPDATE ON partitions FOR EACH ROW
    SET NEW.activity = IF(NEW.activity = OLD.activity, NEW.activity, NULL)`);
  await expect(advance()).rejects.toThrow();
  expect((await state())?.activity).toBe(before?.activity ?? -1);
  expect((await rowsOf(token))[0]).toEqual([1, 1]);
  await open().query('DROP TRIGGER fails');
  await advanceAll(open().mysql);
  expect((await rowsOf(token))[0]).toEqual([1, 2]);
});

test('two processes at once: one works, the other one does nothing', async () => {
  const { url } = open();
  const other = openMysql({ url, partitions: PARTITIONS });
  for (let number = 2; number <= 20; number += 1) await open().mysql.store.append([messages(token, number, ['y'])]);
  await Promise.all([advanceAll(open().mysql), advanceAll(other)]);
  await advanceAll(other);
  expect(await rowsOf(token)).toEqual([
    [1, 20],
    [2, 1],
    [3, 1],
  ]);
  await other.close();
});

test('a partition whose inbox was never filled is filled from its chats, in portions', async () => {
  const [many] = [token];
  for (let first = 4; first <= 2_500; first += 832) {
    const numbers = Array.from({ length: Math.min(832, 2_501 - first) }, (_, place) => first + place);
    await open().mysql.store.append(numbers.map((number) => chat(many, number)));
  }
  await open().query(`DELETE FROM batches WHERE partition_number = ${partition}`);
  await open().query(`UPDATE partitions SET low = seq WHERE partition_number = ${partition}`);
  const sizes: number[] = [];
  for (let rows = await advance(); rows > 0; rows = await advance()) sizes.push(rows);
  expect(sizes).toEqual([1_000, 1_000, 500, 1]);
  expect(await rowsOf(many)).toHaveLength(2_500);
  const { seq, activity } = (await state()) ?? {};
  expect(activity).toBe(seq ?? -1);
});

test('a partition without any commit, of an earlier layout, is filled once in a process', async () => {
  const partitions = open().query(`UPDATE partitions SET seq = 0 WHERE partition_number = ${partition}`);
  await Promise.all([partitions, open().query(`DELETE FROM batches WHERE partition_number = ${partition}`)]);
  expect([await advance(), await advance(), await advance()]).toEqual([3, 1, 0]);
  expect(await rowsOf(token)).toHaveLength(3);
  await open().mysql.store.append([messages(token, 2, ['y'])]);
  expect([await advance(), await advance()]).toEqual([1, 0]);
  expect((await rowsOf(token))[0]).toEqual([1, 2]);
});

test('rows that an older worker has pruned before they were taken: the inbox is filled anew', async () => {
  await advanceAll(open().mysql);
  await open().mysql.store.append([messages(token, 2, ['y'])]);
  await open().mysql.store.append([messages(token, 2, ['y'], 2)]);
  await open().query(`UPDATE partitions SET low = seq - 1 WHERE partition_number = ${partition}`);
  await open().query(`DELETE FROM batches WHERE partition_number = ${partition}
    AND seq <= (SELECT low FROM partitions WHERE partition_number = ${partition})`);
  await advanceAll(open().mysql);
  expect(await rowsOf(token)).toEqual([
    [1, 2],
    [2, 2],
    [3, 1],
  ]);
});

test('if `activity` has moved since it was read, nothing is written', async () => {
  await advanceAll(open().mysql);
  const before = await state();
  await open().mysql.store.append([messages(token, 2, ['y'])]);
  await open().query(`CREATE TRIGGER moves BEFORE INSERT ON activity FOR EACH ROW
    UPDATE partitions SET activity = activity + 1 WHERE partition_number = ${partition}`);
  await expect(advance()).rejects.toThrow();
  expect((await state())?.activity).toBe(before?.activity ?? -1);
  expect((await rowsOf(token))[0]).toEqual([1, 1]);
});

test('a fill that another process has ended begins anew if it is needed again', async () => {
  const prunedTo = (low: string) =>
    open().query(`UPDATE partitions SET low = ${low} WHERE partition_number = ${partition}`);
  await prunedTo('seq');
  expect(await advance()).toBe(3); // has filled the chats, but not ended the fill
  const other = openMysql({ url: open().url, partitions: PARTITIONS });
  await advanceAll(other);
  await other.close();
  await open().mysql.store.append([messages(token, 2, ['y'])]);
  await prunedTo('seq');
  await advanceAll(open().mysql);
  expect((await rowsOf(token))[0]).toEqual([1, 2]);
});

test('chats and messages of batches without kind, of an earlier program, are taken too', async () => {
  await advanceAll(open().mysql);
  await open().mysql.store.append([chat(token, 4), chat(token, 5), messages(token, 1, ['y'], 5)]);
  await open().mysql.store.append([messages(token, 2, ['z'], 1)]);
  await asBefore(`kind = NULL, chats = REPLACE(chats, ', [4, 5]', '')`);
  const [row] = await open().query<{ chats: unknown }>(
    `SELECT chats FROM batches WHERE partition_number = ${partition} ORDER BY seq DESC LIMIT 1, 1`,
  );
  expect(row?.chats).toEqual([[token, 2]]);
  await advanceAll(open().mysql);
  expect(await rowsOf(token)).toEqual([
    [1, 2],
    [2, 1],
    [3, 1],
    [4, 0],
    [5, 1],
  ]);
});

test('chats without numbers of an application that was deleted since do not stop the others', async () => {
  await advanceAll(open().mysql);
  await open().mysql.store.append([chat(token, 4)]);
  await asBefore(`kind = NULL, chats = REPLACE(chats, ', [4]', '')`);
  await open().mysql.store.deleteApplication(token);
  await advanceAll(open().mysql);
  expect(await rowsOf(token)).toEqual([]);
});

test('the rows of a deleted application are removed, at most a thousand at a time', async () => {
  const numbers = Array.from({ length: 1_500 }, (_, place) => place + 4);
  await open().mysql.store.append(numbers.map((number) => chat(token, number)));
  await advanceAll(open().mysql);
  expect(await rowsOf(token)).toHaveLength(1_503);
  await open().mysql.store.deleteApplication(token);
  expect(await advance()).toBe(1_000);
  expect(await rowsOf(token)).toHaveLength(503);
  await advanceAll(open().mysql);
  expect(await rowsOf(token)).toEqual([]);
});

test('the row of a deleted chat is removed, also if the chat was written to before in the same portion', async () => {
  await advanceAll(open().mysql);
  await open().mysql.store.append([messages(token, 2, ['y'], 2)]);
  await open().mysql.store.deleteChat(token, 2);
  await advanceAll(open().mysql);
  expect((await rowsOf(token)).map(([number]) => number)).toEqual([1, 3]);
});

test('hidden messages are not the last one; of a chat that has no others, none is read', async () => {
  await open().mysql.store.append([messages(token, 2, Array(500).fill('y'), 1)]);
  await open().mysql.store.append([messages(token, 2, ['y'], 3)]);
  await open().mysql.store.deleteMessage(token, 3, 2);
  await open().query(`UPDATE chats SET purged_through = IF(number = 1, 501, 1) WHERE token = UUID_TO_BIN('${token}') `);
  await advanceAll(open().mysql);
  expect(await rowsOf(token)).toEqual([
    [1, 0],
    [2, 0],
    [3, 0],
  ]);
});
