/** What a delete leaves in the tables, and what becomes of events and reads meanwhile. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { Gone, newToken, partitionOf, Unavailable, type Uncounted } from '@parley/domain';
import { failure, until } from '@parley/testing';
import { type Connection, createConnection } from 'mysql2/promise';
import { DELETES_LEVEL } from './level.ts';
import { type Mysql, openMysql } from './open.ts';
import { application, chat, messages } from './testing/events.ts';
import { Line } from './testing/line.ts';
import { flushAll, isRunning, type OwnDatabase, ownDatabase, PARTITIONS } from './testing/own-database.ts';

let database: OwnDatabase;
let line: Line;
/** Another process, whose connections a test can break. */
let distant: Mysql;
let holder: Connection;
beforeAll(async () => {
  database = await ownDatabase();
  line = await Line.open(database.url);
  distant = openMysql({ url: line.url, partitions: PARTITIONS });
  holder = await createConnection({ uri: database.url, multipleStatements: true });
});
afterAll(async () => {
  await holder.end();
  await distant.close();
  line.close();
  await database.close();
});

const bin = (token: string) => `0x${token.replaceAll('-', '')}`;
const inApp = (token: string) => `partition_number = ${partitionOf(token, PARTITIONS)} AND token = ${bin(token)}`;

async function newChat(contents: string[] = []): Promise<string> {
  const token = newToken();
  const events = contents.length === 0 ? [] : [messages(token, 1, contents)];
  await database.mysql.store.append([application(token), chat(token), ...events]);
  return token;
}

async function lastBatch(token: string) {
  const [batch] = await database.query<Record<string, unknown>>(
    `SELECT b.kind, b.generation, p.generation AS open, b.messages, b.chats, b.documents, b.indexed, p.deletes
     FROM partitions AS p JOIN batches AS b USING (partition_number)
     WHERE p.partition_number = ${partitionOf(token, PARTITIONS)} ORDER BY b.seq DESC LIMIT 1`,
  );
  return batch;
}

test('a deleted message keeps its row without its contents, and its record counts down in the open generation', async () => {
  const { store } = database.mysql;
  const token = await newChat();
  const extras = [{ senderId: 'ann', metadata: '{"a":1}', createdAt: 1 }];
  const event = { ...messages(token, 1, ['a secret']), extras };
  await store.append([event]);
  const before = await lastBatch(token);
  expect(before).toMatchObject({ kind: 'created' });
  await store.deleteMessage(token, 1, 1);
  const [row] = await database.query<Record<string, unknown>>(`SELECT * FROM messages WHERE ${inApp(token)}`);
  expect(row).toMatchObject({
    content: '',
    sender_id: null,
    metadata: null,
    version: 2,
    accepted_at: new Date(event.at),
  });
  expect(row?.deleted_at).toBeInstanceOf(Date);
  const record = { messages: [[token, [[1, 1, 1]]]], chats: [], documents: 1, indexed: 0 };
  const { open, deletes } = (await lastBatch(token)) ?? {};
  expect(await lastBatch(token)).toMatchObject({ kind: 'deleted', generation: open, ...record });
  expect(deletes).toBe(before?.deletes);
});

test('a deleted chat or application loses its name, and its row in `purges` and `deletes` tell the workers', async () => {
  const { store } = database.mysql;
  const token = await newChat(['x']);
  await store.changeChat(token, 1, { metadata: '{}' });
  const { deletes } = (await lastBatch(token)) ?? {};
  await store.deleteChat(token, 1);
  const [chatRow] = await database.query(`SELECT * FROM chats WHERE ${inApp(token)}`);
  expect(chatRow).toMatchObject({ name: '', metadata: null, version: 3, deleted_at: expect.any(Date) });
  expect(await lastBatch(token)).toMatchObject({
    kind: 'deleted',
    messages: [],
    chats: [[token, -1, [1]]],
    documents: 0,
    indexed: 1,
    deletes: Number(deletes) + 1,
  });
  await store.deleteApplication(token);
  const [row] = await database.query(`SELECT * FROM applications WHERE ${inApp(token)}`);
  expect(row).toMatchObject({ name: '', metadata: null, version: 2, deleted_at: expect.any(Date) });
  expect(await lastBatch(token)).toMatchObject({ chats: [[token, 0]], deletes: Number(deletes) + 2 });
  const purges = `SELECT chat_number, through FROM purges WHERE ${inApp(token)} ORDER BY chat_number`;
  expect(await database.query(purges)).toEqual([
    { chat_number: 0, through: null },
    { chat_number: 1, through: null },
  ]);
  // Repeated deletes leave nothing more.
  expect([await store.deleteApplication(token), await store.deleteChat(token, 1)]).toEqual([true, false]);
  expect(await lastBatch(token)).toMatchObject({ deletes: Number(deletes) + 2 });
});

test('the delete of a chat whose old messages are being removed makes all of them go', async () => {
  const token = await newChat(['x']);
  const here = `${partitionOf(token, PARTITIONS)}, ${bin(token)}`;
  await database.query(`INSERT INTO purges VALUES (${here}, 1, 5, NOW(3))`);
  await database.mysql.store.deleteChat(token, 1);
  expect(await database.query(`SELECT through FROM purges WHERE ${inApp(token)}`)).toEqual([{ through: null }]);
});

test('nothing is deleted while an older program may run', async () => {
  const { store } = database.mysql;
  const token = await newChat(['x']);
  const here = `partition_number = ${partitionOf(token, PARTITIONS)}`;
  await database.query(`UPDATE partitions SET level = 1 WHERE ${here}`);
  const deletes = [
    () => store.deleteMessage(token, 1, 1),
    () => store.deleteChat(token, 1),
    () => store.deleteApplication(token),
  ];
  for (const work of deletes) {
    const error = await failure(work());
    expect(error).toBeInstanceOf(Unavailable);
    expect((error as Unavailable).message).toContain('all programs have this version');
  }
  expect(await store.message(token, 1, 1)).toMatchObject({ content: 'x', version: 1 });
  expect(await store.changeChat(token, 1, { name: 'changed' })).toMatchObject({ version: 2 });
  await database.query(`UPDATE partitions SET level = ${DELETES_LEVEL} WHERE ${here}`);
  for (const work of deletes) expect(await work()).toBe(true);
});

test('an append that has looked up its chat before the delete, and commits after it, stores nothing', async () => {
  const { store } = database.mysql;
  const token = await newChat(['known']);
  // Holds the append at its INSERT, after it has looked up its chat.
  const row = `${partitionOf(token, PARTITIONS)}, ${bin(token)}, 1, 2`;
  await holder.query(
    `BEGIN; INSERT INTO messages (partition_number, token, chat_number, number, content, event_id, created_at, updated_at)
     VALUES (${row}, 'held', 0x${'0'.repeat(32)}, NOW(3), NOW(3))`,
  );
  const append = store.append([messages(token, 2, ['never'])]);
  await until('it waits for the row', () => isRunning(database, 'never'));
  expect(await store.deleteChat(token, 1)).toBe(true);
  await holder.query('ROLLBACK');
  expect(await append).toMatchObject({ rows: 0, repeated: 0, discarded: 1, rejected: [], uncounted: [] });
  expect(await database.query(`SELECT number FROM messages WHERE ${inApp(token)}`)).toEqual([{ number: 1 }]);
});

test('an event of a chat whose row is removed, below a deleted application, is discarded', async () => {
  const { store } = database.mysql;
  const token = await newChat(['x']);
  await store.deleteApplication(token);
  await database.query(`DELETE FROM chats WHERE ${inApp(token)}`);
  expect(await store.append([messages(token, 2, ['y'])])).toMatchObject({ discarded: 1, rejected: [] });
});

test('messages that were removed are gone, whether their rows are left or not, and never come back', async () => {
  const { store } = database.mysql;
  const token = await newChat();
  const events = [messages(token, 1, ['a', 'b']), messages(token, 3, ['c', 'd'])];
  await store.append(events);
  const here = `partition_number = ${partitionOf(token, PARTITIONS)}`;
  await database.query(`UPDATE chats SET purged_through = 2 WHERE ${inApp(token)}`);
  await database.query(`UPDATE partitions SET deletes = deletes + 1 WHERE ${here}`);
  const check = async () => {
    for (const number of [1, 2]) {
      expect(await failure(store.message(token, 1, number))).toBeInstanceOf(Gone);
      expect(await failure(store.changeMessage(token, 1, number, { content: 'x' }))).toBeInstanceOf(Gone);
      expect(await store.deleteMessage(token, 1, number)).toBe(true);
    }
    const places = [1, 2, 3].map((number) => ({ chat: 1, number }));
    expect((await store.messagesAt(token, places)).map(({ number }) => number)).toEqual([3]);
    for (const order of ['asc', 'desc'] as const) {
      const { rows, more } = await store.messages(token, 1, { limit: 2, order });
      expect([rows.map(({ number }) => number).sort(), more]).toEqual([[3, 4], false]);
    }
    expect(await store.message(token, 1, 9)).toBeUndefined();
  };
  await check();
  await database.query(`DELETE FROM messages WHERE ${inApp(token)} AND number <= 2`);
  await check();
  expect(await store.append(events)).toMatchObject({ rows: 0, repeated: 1, discarded: 1, rejected: [] });
  await database.query(`UPDATE chats SET purged_through = 4 WHERE ${inApp(token)}`);
  const sequence = { kind: 'messages', token, chat: 1 } as const;
  expect(await store.highest(sequence)).toMatchObject({ number: 4, at: events[1]?.at });
  await database.query(`DELETE FROM messages WHERE ${inApp(token)}`);
  expect(await store.highest(sequence)).toEqual({ number: 4 });
});

test('a change with versions whose COMMIT lost its reply is not tried again, and others are', async () => {
  const token = await newChat(['x']);
  const { store } = distant;
  await store.ping();
  const lost = () => line.cutAfter((statement) => statement.endsWith('COMMIT'));
  lost();
  expect(await failure(store.changeChat(token, 1, { name: 'once', versions: [1] }))).toBeInstanceOf(Unavailable);
  expect(await store.chat(token, 1)).toMatchObject({ name: 'once', version: 2 });
  lost();
  expect(await store.changeChat(token, 1, { name: 'again' })).toMatchObject({ name: 'again' });
  lost();
  expect(await store.deleteMessage(token, 1, 1, [1])).toBe(true);
  await flushAll(database.mysql);
  expect(await store.chat(token, 1)).toMatchObject({ messagesCount: 0 });
});

test('a change with versions is tried again if its connection breaks before the COMMIT', async () => {
  const token = await newChat();
  await distant.store.changeChat(token, 1, { name: 'opens a connection' });
  line.cut();
  expect(await distant.store.changeChat(token, 1, { name: 'x', versions: [2] })).toMatchObject({ version: 3 });
});

test('what a delete takes from the counts is told once', async () => {
  const told: Uncounted[] = [];
  const mysql = openMysql({
    url: database.url,
    partitions: PARTITIONS,
    onUncounted: async (each) => void told.push(each),
  });
  const token = await newChat(['x']);
  await Promise.all([1, 2].map(() => mysql.store.deleteMessage(token, 1, 1)));
  await mysql.store.deleteChat(token, 1);
  await mysql.store.deleteApplication(token);
  expect(told.map(({ deltas }) => deltas)).toEqual([
    [{ sequence: { kind: 'messages', token, chat: 1 }, count: -1 }],
    [{ sequence: { kind: 'chats', token }, count: -1 }],
  ]);
  await mysql.close();
});
