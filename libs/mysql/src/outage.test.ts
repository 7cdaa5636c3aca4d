import { afterAll, beforeAll, expect, test } from 'bun:test';
import { newToken, Unavailable } from '@parley/domain';
import { until } from '@parley/testing';
import { type Mysql, openMysql } from './open.ts';
import { application, chat, messages } from './testing/events.ts';
import { Line } from './testing/line.ts';
import { flushAll, type OwnDatabase, ownDatabase, PARTITIONS } from './testing/own-database.ts';

let database: OwnDatabase;
let line: Line;
let mysql: Mysql;
beforeAll(async () => {
  database = await ownDatabase();
  line = await Line.open(database.url);
  mysql = openMysql({
    url: line.url,
    partitions: PARTITIONS,
    readTimeoutMs: 300,
    writeTimeoutMs: 500,
    writers: 2,
    readers: 2,
  });
});
afterAll(async () => {
  await mysql.close();
  line.close();
  await database.close();
});

async function newChat(): Promise<string> {
  const token = newToken();
  await database.mysql.store.append([application(token), chat(token)]);
  return token;
}

/** Texts too long for one packet, so the COMMIT is in a later packet than the first rows. */
const LARGE = Array<string>(300).fill('x'.repeat(5_000));

async function refusal(work: Promise<unknown>): Promise<{ error: unknown; ms: number }> {
  const start = performance.now();
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { error, ms: performance.now() - start };
}

test('idle connections that break are replaced, and no call fails', async () => {
  const token = await newChat();
  await Promise.all([mysql.store.chat(token, 1), mysql.store.chats(token, { limit: 5 }), mysql.store.ping()]);
  line.cut();
  expect((await mysql.store.chat(token, 1))?.number).toBe(1);
  expect((await mysql.store.chats(token, { limit: 5 })).rows).toHaveLength(1);
});

test('a batch whose COMMIT lost its reply is reported as stored before, and is counted once', async () => {
  const token = await newChat();
  line.cutAfter((statement) => statement.endsWith('COMMIT'));
  const answer = await mysql.store.append([messages(token, 1, ['a', 'b', 'c'])]);
  expect(answer).toMatchObject({ rows: 0, repeated: 1, rejected: [] });
  await flushAll(mysql);
  expect(await mysql.store.chat(token, 1)).toMatchObject({ messagesCount: 3 });
});

test('a batch whose connection breaks before the COMMIT is stored by the same call on another connection', async () => {
  const token = await newChat();
  line.cutAfter((statement) => statement.includes('INSERT INTO messages') && !statement.endsWith('COMMIT'));
  const answer = await mysql.store.append([messages(token, 1, LARGE)]);
  expect(answer).toMatchObject({ rows: LARGE.length, repeated: 0, rejected: [] });
});

test('if the server freezes, any number of calls is refused in time, and all calls work when it continues', async () => {
  const token = await newChat();
  const event = messages(token, 1, ['a']);
  await mysql.store.ping();
  line.freeze();
  const calls = [
    ...Array.from({ length: 40 }, () => mysql.store.chats(token, { limit: 5 })),
    mysql.store.chat(token, 1),
    mysql.store.ping(),
    mysql.store.changeChat(token, 1, { name: 'never' }),
    mysql.store.append([event]),
    mysql.ledger.unindexed(),
  ];
  for (const { error, ms } of await Promise.all(calls.map(refusal))) {
    expect(error).toBeInstanceOf(Unavailable);
    expect(ms).toBeLessThan(3_500);
  }
  line.thaw();
  expect((await mysql.store.chat(token, 1))?.name).toBe('A chat');
  expect(await mysql.store.append([event])).toMatchObject({ rejected: [] });
  const calm = Array.from({ length: 40 }, () => mysql.store.chats(token, { limit: 5 }));
  for (const page of await Promise.all(calm)) expect(page.rows).toHaveLength(1);
});

test('a refusal contains a code and no data', async () => {
  const token = await newChat();
  line.freeze();
  const { error } = await refusal(mysql.store.append([messages(token, 1, ['a secret'])]));
  line.thaw();
  const told = JSON.stringify(error, Object.getOwnPropertyNames(error)) + String((error as Error).cause);
  expect(error).toBeInstanceOf(Unavailable);
  expect(told).not.toContain('secret');
  expect(told).not.toContain('INSERT');
});

test('a writer that freezes in its transaction blocks the next one for about ten seconds only', async () => {
  const token = await newChat();
  const event = messages(token, 1, LARGE);
  const still = await Line.open(database.url);
  const other = openMysql({ url: still.url, partitions: PARTITIONS, writeTimeoutMs: 60_000 });
  still.freezeAfter((statement) => statement.includes('INSERT INTO messages'));
  const lost = refusal(other.store.append([event]));
  const open = 'SELECT trx_id FROM information_schema.innodb_trx WHERE trx_rows_modified > 0';
  await until('it has written rows', async () => (await database.query(open)).length > 0);
  expect(await database.mysql.store.append([event])).toMatchObject({ rows: LARGE.length, repeated: 0 });
  still.thaw();
  await lost;
  await other.close();
  still.close();
}, 30_000);
