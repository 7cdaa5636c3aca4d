import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { PURGE_ROWS_MAX, type Purge, type PurgeTask, partitionOf, type Token } from '@parley/domain';
import { openMysql } from '../open.ts';
import { application, chat, messages } from '../testing/events.ts';
import { Line } from '../testing/line.ts';
import { flushAll, type OwnDatabase, ownDatabase, PARTITIONS } from '../testing/own-database.ts';

let database: OwnDatabase;
beforeAll(async () => {
  database = await ownDatabase();
});
afterEach(() => database.query('DELETE FROM purges'));
afterAll(() => database.close());

const sqlToken = (token: Token) => `0x${token.replaceAll('-', '')}`;
const contents = (count: number) => Array<string>(count).fill('x');

/** An application with a chat of so many messages. */
async function chatWith(count: number): Promise<Token> {
  const event = application();
  const { token } = event;
  await database.mysql.store.append([event, chat(token)]);
  for (let first = 1; first <= count; first += 500) {
    await database.mysql.store.append([messages(token, first, contents(Math.min(500, count - first + 1)))]);
  }
  return token;
}

async function addTask(token: Token, number: number, through?: number): Promise<void> {
  const partition = partitionOf(token, PARTITIONS);
  await database.query(`INSERT INTO purges (partition_number, token, chat_number, through, created_at)
    VALUES (${partition}, ${sqlToken(token)}, ${number}, ${through ?? 'NULL'}, NOW(3))`);
}

async function taskOf(purge: Purge, token: Token): Promise<PurgeTask> {
  const task = await purge.next(partitionOf(token, PARTITIONS));
  if (task?.owner.token !== token) throw new Error('expected a task of this application');
  return task;
}

async function purgeAll(purge: Purge, task: PurgeTask): Promise<number[]> {
  const removed: number[] = [];
  for (;;) {
    const rows = await purge.step(task);
    if (rows === 0) return removed;
    removed.push(rows);
  }
}

async function countOf(table: string, token: Token): Promise<number> {
  const column = table === 'idempotency' ? 'scope' : 'token';
  const [row] = await database.query<{ n: number }>(
    `SELECT COUNT(*) AS n FROM \`${table}\` WHERE ${column} = ${sqlToken(token)}`,
  );
  return row?.n ?? 0;
}

type Range = [chat: number, first: number, last: number];

/** The ranges of all records of removed messages, and their generations. */
async function purged(token: Token): Promise<{ ranges: Range[]; documents: number; generations: number[] }> {
  const rows = await database.query<{ messages: [string, Range[]][]; documents: number; generation: number }>(
    `SELECT messages, documents, generation FROM batches WHERE kind = 'purged'
     AND partition_number = ${partitionOf(token, PARTITIONS)} ORDER BY seq`,
  );
  const own = rows.filter((row) => row.messages.some(([of]) => of === token));
  return {
    ranges: own.flatMap((row) => row.messages.flatMap(([, ranges]) => ranges)),
    documents: own.reduce((sum, row) => sum + row.documents, 0),
    generations: own.map(({ generation }) => generation),
  };
}

describe('below a deleted application', () => {
  test('a purge removes messages, chats, keys, reads and activity, in steps of a limited size', async () => {
    const token = await chatWith(PURGE_ROWS_MAX + 500);
    const partition = partitionOf(token, PARTITIONS);
    const key = { hash: 'a'.repeat(64), body: 'b'.repeat(64) };
    await database.mysql.store.append([chat(token, 2), { ...messages(token, 1, ['y'], 2), key }]);
    const other = await chatWith(1);
    for (const table of ['activity', 'reads']) {
      const [names, values] =
        table === 'reads' ? ['user_id, message_number, updated_at', "'u', 1"] : ['last_number, at', '1'];
      await database.query(`INSERT INTO \`${table}\` (partition_number, token, chat_number, ${names})
        VALUES (${partition}, ${sqlToken(token)}, 1, ${values}, NOW(3))`);
    }
    await addTask(token, 0);
    const { purge } = database.mysql;
    // 1,501 messages, 2 chats, a key, a read mark and a row of the inbox
    expect(await purgeAll(purge, await taskOf(purge, token))).toEqual([PURGE_ROWS_MAX, 506]);
    for (const table of ['messages', 'chats', 'idempotency', 'activity', 'reads', 'purges']) {
      expect([table, await countOf(table, token)]).toEqual([table, 0]);
    }
    expect(await countOf('applications', token)).toBe(1);
    expect(await countOf('messages', other)).toBe(1);
    expect(await purged(token)).toEqual({
      ranges: [[1, 1, 1_000], [1, 1_001, 1_500], [2, 1, 1]], // biome-ignore format: a list
      documents: 1_501,
      generations: [0, 0],
    });
    expect(await purge.next(partition)).toBeUndefined();
  });
});

describe('a purge that is killed', () => {
  test.each([
    ['before its commit', (sql: string) => sql.includes('DELETE m FROM')],
    ['at its commit', (sql: string) => sql.includes('COMMIT')],
  ])('%s continues: each row is removed and recorded once', async (_, at) => {
    const token = await chatWith(PURGE_ROWS_MAX + 200);
    await addTask(token, 1);
    const line = await Line.open(database.url);
    const killed = openMysql({ url: line.url, partitions: PARTITIONS, writeTimeoutMs: 2_000 });
    try {
      const task = await taskOf(killed.purge, token);
      line.freezeAfter(at);
      await expect(killed.purge.step(task)).rejects.toThrow();
      line.thaw();
    } finally {
      await killed.close();
      line.close();
    }
    const { purge } = database.mysql;
    await purgeAll(purge, await taskOf(purge, token));
    expect(await countOf('messages', token)).toBe(0);
    const { ranges, documents } = await purged(token);
    expect(documents).toBe(PURGE_ROWS_MAX + 200);
    expect(ranges).toEqual([[1, 1, 1_000], [1, 1_001, 1_200]]); // biome-ignore format: a list
  });
});

test('two workers at once remove and record each row once', async () => {
  const token = await chatWith(3_500);
  await addTask(token, 1);
  const second = openMysql({ url: database.url, partitions: PARTITIONS });
  try {
    const task = await taskOf(database.mysql.purge, token);
    const removed = await Promise.all([purgeAll(database.mysql.purge, task), purgeAll(second.purge, task)]);
    expect(removed.flat().reduce((sum, rows) => sum + rows, 0)).toBe(3_500);
  } finally {
    await second.close();
  }
  const { ranges } = await purged(token);
  expect(ranges.reduce((sum, [, first, last]) => sum + last - first + 1, 0)).toBe(3_500);
  expect(new Set(ranges.map(([, first]) => first)).size).toBe(ranges.length);
});

test('the task ends only if nothing is left, also before the place where the last step ended', async () => {
  const token = await chatWith(2_500);
  await addTask(token, 1);
  const { purge } = database.mysql;
  const task = await taskOf(purge, token);
  expect(await purge.step(task)).toBe(PURGE_ROWS_MAX);
  await database.query(`INSERT INTO messages (partition_number, token, chat_number, number, content, event_id, created_at, updated_at)
    SELECT partition_number, token, chat_number, 7, content, event_id, created_at, updated_at FROM messages
    WHERE token = ${sqlToken(token)} AND number = 2000`);
  expect(await purgeAll(purge, task)).toEqual([PURGE_ROWS_MAX, 501]);
  expect(await countOf('messages', token)).toBe(0);
});

test('no row that is stored beside a delete and its purge stays behind', async () => {
  const { store, purge } = database.mysql;
  for (let round = 0; round < 10; round += 1) {
    const token = await chatWith(1);
    let deleted = false;
    const append = async (lane: number) => {
      let discarded = 0;
      for (let number = 0; !deleted || discarded === 0; number += 1) {
        const first = 10_000 * (lane + 1) + number * 3;
        discarded += (await store.append([messages(token, first, contents(3))])).discarded;
        await Bun.sleep(0); // what is known to be deleted is discarded without I/O: the delete's answer could not arrive
      }
    };
    const appending = [0, 1, 2].map(append);
    await Bun.sleep(Math.random() * 20);
    await store.deleteChat(token, 1);
    deleted = true;
    await purgeAll(purge, await taskOf(purge, token));
    await Promise.all(appending);
    expect(await countOf('messages', token)).toBe(0);
  }
});

describe('below a chat that lives', () => {
  test('messages are removed up to a number, and counted; a tombstone was counted before', async () => {
    const token = await chatWith(10);
    await database.query(`UPDATE messages SET deleted_at = NOW(3) WHERE token = ${sqlToken(token)} AND number = 3`);
    await addTask(token, 1, 6);
    const { purge, store } = database.mysql;
    await flushAll(database.mysql);
    expect(await purgeAll(purge, await taskOf(purge, token))).toEqual([6]);
    await flushAll(database.mysql);
    expect(await countOf('messages', token)).toBe(5); // with the tombstone of message 6
    expect((await store.chat(token, 1))?.messagesCount).toBe(5);
    const { ranges, generations } = await purged(token);
    expect(ranges).toEqual([[1, 1, 2], [1, 4, 6]]); // biome-ignore format: a list
    expect(generations).not.toContain(0);
  });

  test('the last one becomes a tombstone, which tells when its number was drawn, until later ones are removed', async () => {
    const token = await chatWith(3);
    const { purge, store } = database.mysql;
    const sequence = { kind: 'messages', token, chat: 1 } as const;
    await database.query(`UPDATE messages SET sender_id = 'ann', metadata = '{}' WHERE token = ${sqlToken(token)}`);
    for (const through of [3, 5]) {
      const highest = await store.highest(sequence);
      expect(highest).toMatchObject({ number: through, epoch: 1, at: expect.any(Number) });
      await database.query(`UPDATE chats SET purged_through = ${through} WHERE token = ${sqlToken(token)}`);
      await addTask(token, 1, through);
      expect(await purgeAll(purge, await taskOf(purge, token))).toEqual([3]);
      expect(await store.highest(sequence)).toEqual(highest);
      const rows = await database.query(
        `SELECT number, content, sender_id, metadata, version, deleted_at FROM messages WHERE token = ${sqlToken(token)}`,
      );
      const tombstone = { content: '', sender_id: null, metadata: null, version: 2, deleted_at: expect.any(Date) };
      expect(rows).toEqual([{ number: through, ...tombstone }]);
      if (through === 3) await store.append([messages(token, 4, contents(2))]);
    }
    await flushAll(database.mysql);
    expect((await store.chat(token, 1))?.messagesCount).toBe(0);
    const { drifts } = await database.mysql.ledger.recount(
      { partition: partitionOf(token, PARTITIONS), sequence: { kind: 'messages', token, chat: 0 } },
      1,
    );
    expect(drifts).toEqual([]);
  });

  test('once the chat is deleted, the task for its old messages is done, and another one waits', async () => {
    const token = await chatWith(10);
    await addTask(token, 1, 6);
    const { purge } = database.mysql;
    const old = await taskOf(purge, token);
    await database.query(`UPDATE purges SET through = NULL WHERE token = ${sqlToken(token)}`);
    expect(await purge.step(old)).toBe(0);
    expect(await countOf('messages', token)).toBe(10);
    expect(await purgeAll(purge, await taskOf(purge, token))).toEqual([10]);
  });
});

describe('retention', () => {
  const DAY = 24 * 60 * 60 * 1_000;
  const seqOf = async (token: Token) => {
    const [row] = await database.query<{ seq: number }>(
      `SELECT seq FROM partitions WHERE partition_number = ${partitionOf(token, PARTITIONS)}`,
    );
    return row?.seq ?? 0;
  };
  const through = async (token: Token) => {
    const rows = await database.query<{ purged_through: number }>(
      `SELECT purged_through FROM chats WHERE token = ${sqlToken(token)} ORDER BY number`,
    );
    return rows.map(({ purged_through }) => purged_through);
  };
  /** The messages of chat 1 up to this number were accepted so many days ago. */
  const age = async (token: Token, upTo: number, days: number, of = 1) => {
    await database.query(`UPDATE applications SET retention_days = 5 WHERE token = ${sqlToken(token)}`);
    await database.query(`UPDATE messages SET created_at = NOW(3) - INTERVAL ${days} DAY
      WHERE token = ${sqlToken(token)} AND chat_number = ${of} AND number <= ${upTo}`);
  };
  const level = () => database.query('UPDATE partitions SET level = 2');
  beforeAll(level);

  test.each([0, 1, 2, 37, 99, 100])('hides the %i messages of a chat that are too old, and no more', async (old) => {
    const token = await chatWith(100);
    await database.query(`DELETE FROM messages WHERE token = ${sqlToken(token)} AND number IN (3, 4, 5, 38, 39, 98)`);
    await age(token, old, 10);
    const { purge } = database.mysql;
    const expired = await purge.expire(token, Date.now() - 5 * DAY, await seqOf(token), 0, 10);
    expect(expired).toEqual({ chats: old === 0 ? 0 : 1, next: undefined });
    expect(await through(token)).toEqual([old]);
    if (old > 0) {
      expect((await taskOf(purge, token)).through).toBe(old);
      await purgeAll(purge, await taskOf(purge, token));
    }
    expect(await purge.next(partitionOf(token, PARTITIONS))).toBeUndefined();
  });

  test('hides nothing up to a number whose message may be on its way, and an import only by its acceptance', async () => {
    const token = await chatWith(10);
    await age(token, 4, 10);
    await database.query(`UPDATE messages SET accepted_at = created_at, created_at = '2019-01-01'
      WHERE token = ${sqlToken(token)} AND number >= 7`);
    await database.query(`DELETE FROM messages WHERE token = ${sqlToken(token)} AND number IN (5, 6)`);
    await database.mysql.purge.expire(token, Date.now() - 5 * DAY, 0, 0, 10);
    expect(await through(token)).toEqual([4]);
  });

  test('goes on from page to page, and makes workers look up the chats again', async () => {
    const token = await chatWith(5);
    await database.mysql.store.append([chat(token, 2), chat(token, 3), messages(token, 1, contents(5), 3)]);
    for (const number of [1, 3]) await age(token, number, 10, number);
    const { purge } = database.mysql;
    const deletes = async () => {
      const sql = `SELECT deletes FROM partitions WHERE partition_number = ${partitionOf(token, PARTITIONS)}`;
      return (await database.query<{ deletes: number }>(sql))[0]?.deletes ?? 0;
    };
    const before = await deletes();
    expect(await purge.expire(token, Date.now() - 5 * DAY, 0, 0, 2)).toEqual({ chats: 1, next: 2 });
    expect(await purge.expire(token, Date.now() - 5 * DAY, 0, 2, 2)).toEqual({ chats: 1, next: undefined });
    expect(await purge.expire(token, Date.now() - 5 * DAY, 0, 0, 3)).toEqual({ chats: 0, next: 3 });
    expect(await through(token)).toEqual([1, 0, 3]);
    expect(await deletes()).toBe(before + 2);
  });

  test('leaves a task for the whole chat as it is, and raises one for old messages', async () => {
    const token = await chatWith(10);
    const { purge } = database.mysql;
    const partition = partitionOf(token, PARTITIONS);
    const before = Date.now() - 5 * DAY;
    for (const old of [3, 6]) {
      await age(token, old, 10);
      await purge.expire(token, before, 0, 0, 10);
      expect((await purge.next(partition))?.through).toBe(old);
    }
    // As if a delete of the chat were committed between the two statements of the expiry.
    await database.query(`UPDATE purges SET through = NULL WHERE token = ${sqlToken(token)}`);
    await age(token, 8, 10);
    await purge.expire(token, before, 0, 0, 10);
    expect((await purge.next(partition))?.through).toBeUndefined();
  });

  test('looks at no state from before the fence, and waits until older programs have ended', async () => {
    const token = await chatWith(5);
    await age(token, 5, 10);
    const { purge } = database.mysql;
    const before = Date.now() - 5 * DAY;
    await expect(purge.expire(token, before, (await seqOf(token)) + 1, 0, 10)).rejects.toThrow('away');
    await database.query('UPDATE partitions SET level = 1');
    try {
      await expect(purge.expire(token, before, 0, 0, 10)).rejects.toThrow('away');
    } finally {
      await level();
    }
    expect(await through(token)).toEqual([0]);
  });
});
