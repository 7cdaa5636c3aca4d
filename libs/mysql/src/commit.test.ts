/** When a commit is refused, and which locks it leaves. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { newToken, Unavailable } from '@parley/domain';
import { until } from '@parley/testing';
import { type Connection, createConnection } from 'mysql2/promise';
import { commitStatements } from './commit.ts';
import { LEVEL } from './level.ts';
import { application, chat, messages } from './testing/events.ts';
import { flushAll, isRunning, type OwnDatabase, ownDatabase } from './testing/own-database.ts';

let database: OwnDatabase;
let other: Connection;
beforeAll(async () => {
  database = await ownDatabase();
  other = await createConnection({ uri: database.url, multipleStatements: true });
  await other.query("SET SESSION transaction_isolation = 'READ-COMMITTED'");
});
afterAll(async () => {
  await other.end();
  await database.close();
});

const NOTHING = { kind: 'updated', messages: [], chats: [], documents: 0 } as const;
const tokenIn = (partition: number) => `0000000${partition}${newToken().slice(8)}`;

async function newChat(partition: number): Promise<string> {
  const token = tokenIn(partition);
  await database.mysql.store.append([application(token), chat(token)]);
  return token;
}

async function rowOf(partition: number) {
  const [row] = await database.query<Record<string, number>>(
    `SELECT * FROM partitions WHERE partition_number = ${partition}`,
  );
  return row;
}

async function isLocked(partition: number): Promise<boolean> {
  const rows = await database.query(
    `SELECT partition_number FROM partitions WHERE partition_number = ${partition} FOR UPDATE SKIP LOCKED`,
  );
  return rows.length === 0;
}

test('every transaction that changes rows takes the next seq, without a gap, and adds a batch under it', async () => {
  const { store } = database.mysql;
  const token = await newChat(1);
  await Promise.all(
    Array.from({ length: 30 }, (_, index) => store.append([messages(token, index + 1, [`message ${index}`])])),
  );
  await store.changeMessage(token, 1, 3, { content: 'changed' });
  await store.changeChat(token, 1, { name: 'renamed' });
  await store.changeApplication(token, { name: 'renamed' });
  const rows = await database.query<{ seq: number }>('SELECT seq FROM batches WHERE partition_number = 1 ORDER BY seq');
  expect(rows.map(({ seq }) => seq)).toEqual(Array.from({ length: 34 }, (_, index) => index + 1));
  expect((await rowOf(1))?.seq).toBe(34);
});

test('a call that changes nothing takes no seq', async () => {
  const { store } = database.mysql;
  const token = await newChat(2);
  const before = await rowOf(2);
  expect(await store.changeChat(token, 7, { name: 'there is none' })).toBeUndefined();
  expect(await store.changeMessage(token, 1, 9, { content: 'there is none' })).toBeUndefined();
  expect((await store.append([messages(token, 1, ['x'], 9)])).rejected).toHaveLength(1);
  expect(await rowOf(2)).toEqual(before);
});

const refused = [
  ['of an epoch that has ended', 'oldest = 5', { epoch: 4 }],
  ['with owners that were looked up before a delete', 'deletes = 3', { deletes: 2 }],
  ['of a program below the level', 'level = 9', {}],
] as const;

test.each(refused)(
  "a commit %s is refused, commits nothing, and leaves the partition's row unlocked",
  async (_, change, terms) => {
    const token = await newChat(3);
    const before = await rowOf(3);
    await database.query(`UPDATE partitions SET ${change} WHERE partition_number = 3`);
    await other.query('BEGIN');
    await other.query(`UPDATE chats SET name = 'never' WHERE partition_number = 3 AND token = UUID_TO_BIN('${token}')`);
    const error = await other.query(commitStatements({ partition: 3, ...terms }, NOTHING).join(';')).then(
      () => undefined,
      (reason: { code: string }) => reason.code,
    );
    expect(error).toBe('ER_BAD_NULL_ERROR');
    // As if the process froze here, before its ROLLBACK.
    expect(await isLocked(3)).toBe(false);
    await other.query('ROLLBACK');
    expect((await database.mysql.store.chat(token, 1))?.name).toBe('A chat');
    expect((await rowOf(3))?.seq).toBe(before?.seq ?? -1);
    await database.query(`UPDATE partitions SET oldest = 0, deletes = 0, level = ${LEVEL} WHERE partition_number = 3`);
  },
);

test('a commit in a partition without a row is refused', async () => {
  await other.query('BEGIN');
  const commit = other.query(commitStatements({ partition: 700 }, NOTHING).join(';'));
  await expect(commit).rejects.toMatchObject({ code: 'ER_BAD_NULL_ERROR' });
  await other.query('ROLLBACK');
});

test('after a delete, owners are looked up again, and an event of a deleted one is rejected', async () => {
  const { store } = database.mysql;
  const token = await newChat(4);
  await store.append([messages(token, 1, ['known'])]);
  await database.query(`DELETE FROM chats WHERE partition_number = 4 AND token = UUID_TO_BIN('${token}')`);
  await database.query('UPDATE partitions SET deletes = deletes + 1 WHERE partition_number = 4');
  const late = messages(token, 2, ['of a chat that is gone']);
  expect((await store.append([late])).rejected).toMatchObject([{ event: late, reason: 'unknown-owner' }]);
});

test('a program below the level cannot store, change or pass a fence', async () => {
  const { store } = database.mysql;
  const token = await newChat(5);
  await store.append([messages(token, 1, ['before'])]);
  await database.query(`UPDATE partitions SET level = ${LEVEL + 1} WHERE partition_number = 5`);
  await expect(store.append([messages(token, 2, ['x'])])).rejects.toBeInstanceOf(Unavailable);
  await expect(store.changeMessage(token, 1, 1, { content: 'x' })).rejects.toBeInstanceOf(Unavailable);
  await expect(store.fence(5, 0)).rejects.toBeInstanceOf(Unavailable);
  await database.query(`UPDATE partitions SET level = ${LEVEL} WHERE partition_number = 5`);
  expect((await store.append([messages(token, 2, ['after'])])).rows).toBe(1);
});

test('a fence is a commit, and returns a seq that later reads must have reached', async () => {
  const { store } = database.mysql;
  const token = await newChat(6);
  const seq = await store.fence(6, 0);
  expect(seq).toBe((await rowOf(6))?.seq ?? -1);
  expect((await rowOf(6))?.fences).toBe(1);
  const sequence = { kind: 'chats', token } as const;
  expect(await store.highest(sequence, seq)).toMatchObject({ number: 1 });
  await store.reached(token, seq);
  await expect(store.highest(sequence, seq + 1)).rejects.toBeInstanceOf(Unavailable);
  await expect(store.reached(token, seq + 1)).rejects.toBeInstanceOf(Unavailable);
});

test('a sum is refused as a whole if another process has summed its generation meanwhile', async () => {
  const { store } = database.mysql;
  const token = await newChat(7);
  await store.append([messages(token, 1, ['a', 'b', 'c'])]);
  // Locks a row that the flush's first statement waits for, so the change of `flushed` below comes before its commit.
  await other.query('BEGIN');
  await other.query(`UPDATE chats SET name = name WHERE partition_number = 7 AND token = UUID_TO_BIN('${token}')`);
  const flushing = database.mysql.ledger.rotateAndFlush(7).then(
    () => 'summed',
    () => 'refused',
  );
  const counted = `UPDATE (VALUES ROW(0x${token.replaceAll('-', '')}, 1, 3))`;
  await until('the sum waits for the row', () => isRunning(database, counted));
  await database.query('UPDATE partitions SET flushed = generation - 1 WHERE partition_number = 7');
  await other.query('ROLLBACK');
  expect(await flushing).toBe('refused');
  expect((await store.chat(token, 1))?.messagesCount).toBe(0);
  await database.query('UPDATE partitions SET flushed = 0 WHERE partition_number = 7');
  await flushAll(database.mysql);
  expect((await store.chat(token, 1))?.messagesCount).toBe(3);
});
