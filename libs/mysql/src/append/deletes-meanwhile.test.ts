/** Appends in a partition in which something is deleted each time before they commit. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { newToken, partitionOf } from '@parley/domain';
import { messagesIn, until } from '@parley/testing';
import { Pool } from '../pool.ts';
import { application, chat, messages } from '../testing/events.ts';
import { isRunning, type OwnDatabase, ownDatabase, PARTITIONS } from '../testing/own-database.ts';
import { append } from './append.ts';
import { KnownOwners, lockOwners } from './owners.ts';

/** So many times at most something is deleted before a transaction. */
const DELETES_MAX = 20;

let database: OwnDatabase;
let pool: Pool;
beforeAll(async () => {
  database = await ownDatabase();
  const { hostname, port, username, password, pathname } = new URL(database.url);
  pool = new Pool({
    connection: { host: hostname, port: Number(port), user: username, password, database: pathname.slice(1) },
    ...{ size: 2, acquireTimeoutMs: 5_000, waitingMax: 10, statementTimeoutMs: 10_000, variables: [], packets: true },
    onRefused: () => {},
  });
});
afterAll(async () => {
  await pool.close();
  await database.close();
});

async function newChats(token = newToken()): Promise<string> {
  await database.mysql.store.append([application(token), chat(token), chat(token, 2)]);
  return token;
}

/** A pool that calls `before` before each transaction. */
function interrupted(before: (times: number) => Promise<unknown>): Pool {
  let times = 0;
  const transaction: Pool['transaction'] = async (work) => {
    times += 1;
    if (times <= DELETES_MAX) await before(times);
    return pool.transaction(work);
  };
  return { transaction, useAgain: pool.useAgain.bind(pool) } as Pool;
}

const deleteOther = (partition: number) =>
  database.query(`UPDATE partitions SET deletes = deletes + 1 WHERE partition_number = ${partition}`);

const contentsOf = async (token: string, number: number) =>
  messagesIn(await database.mysql.store.messages(token, number, { limit: 10 })).map(({ content }) => content);

test('are not held up by deletes of others, however fast these come', async () => {
  const token = await newChats();
  const partition = partitionOf(token, PARTITIONS);
  let tries = 0;
  const busy = interrupted((times) => {
    tries = times;
    return deleteOther(partition);
  });
  const events = [messages(token, 1, ['a']), chat(token, 3), messages(token, 1, ['b'], 3)];
  const known = new KnownOwners(partition, 100);
  expect(await append(busy, known, partition, events)).toMatchObject({ rows: 3, discarded: 0, rejected: [] });
  expect(tries).toBeLessThan(6);
  expect([await contentsOf(token, 1), await contentsOf(token, 3)]).toEqual([['a'], ['b']]);
});

test.each([1, 2, 3, 4, 5, 6])('store nothing below what is deleted before their transaction %i', async (deleteAt) => {
  const { store } = database.mysql;
  for (const what of ['chat', 'application'] as const) {
    const token = await newChats();
    const partition = partitionOf(token, PARTITIONS);
    let deleted = false;
    const busy = interrupted(async (times) => {
      if (times !== deleteAt) return deleteOther(partition);
      deleted = what === 'chat' ? await store.deleteChat(token, 1) : await store.deleteApplication(token);
    });
    const events = [messages(token, 1, ['a']), messages(token, 1, ['b'], 2), chat(token, 3)];
    const { rows, discarded } = await append(busy, new KnownOwners(partition, 100), partition, events);
    const stored = await database.query(`SELECT 1 FROM messages WHERE token = 0x${token.replaceAll('-', '')}`);
    if (!deleted) expect([rows, discarded]).toEqual([3, 0]);
    else expect([rows, discarded, stored.length]).toEqual(what === 'chat' ? [2, 1, 1] : [0, 3, 0]);
  }
});

test('a delete of a locked owner, of a chat or its application, waits for the end of the transaction', async () => {
  const { store } = database.mysql;
  const token = await newChats();
  const partition = partitionOf(token, PARTITIONS);
  for (const what of ['chats', 'applications'] as const) {
    const order: string[] = [];
    const deleting = await pool.use(async (session) => {
      await session.change('BEGIN');
      expect(await lockOwners(session, partition, [messages(token, 1, ['a'], what === 'chats' ? 1 : 2)])).toBe(true);
      const deleted = (what === 'chats' ? store.deleteChat(token, 1) : store.deleteApplication(token)).then(() =>
        order.push('deleted'),
      );
      await until('it waits', () => isRunning(database, `UPDATE ${what}`));
      order.push('ended');
      await session.change('ROLLBACK');
      return { deleted };
    });
    await deleting.deleted;
    expect(order).toEqual(['ended', 'deleted']);
  }
  const [again] = await pool.use(async (session) => [
    await lockOwners(session, partition, [messages(token, 1, ['a'], 2)]),
  ]);
  expect(again).toBe(false);
});

test.each([
  ['partly', 5, 0],
  ['all', 10, 5],
  ['partly', 5, 6],
])('a redelivered event whose rows are %s purged is discarded, also in a new epoch', async (_, upTo, epoch) => {
  const { store } = database.mysql;
  // In a partition of its own: no event of the other tests may be too late.
  const token = await newChats(`0000000${epoch}${newToken().slice(8)}`);
  const event = messages(token, 1, Array<string>(10).fill('x'));
  await store.append([event]);
  await store.deleteChat(token, 1);
  await database.query(`DELETE FROM messages WHERE token = 0x${token.replaceAll('-', '')} AND number <= ${upTo}`);
  await store.fence(partitionOf(token, PARTITIONS), epoch);
  expect(await store.append([event])).toMatchObject({ rows: 0, repeated: 0, discarded: 1, rejected: [] });
});
