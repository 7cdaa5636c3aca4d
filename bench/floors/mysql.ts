/** MySQL at its best, for comparison: the same columns by multi-row INSERT, the same reads by plain SQL. */
import { Readable } from 'node:stream';
import { partitionOf } from '@parley/domain';
import { type Connection, createConnection } from 'mysql2/promise';
import type { Done } from '../measure/sample.ts';
import { PARTITIONS } from '../stack.ts';
import { randomFrom, textOf } from '../texts.ts';

export const TABLE = 'bench_messages';
export const ROWS = 1_000;
const TEXTS = 5_000;
export const COLUMNS = 'partition_number, token, chat_number, number, content, event_id, created_at, updated_at';

const random = randomFrom(3);
export const texts = Array.from({ length: TEXTS }, () => textOf(random));

export async function withMysql<T>(url: string, work: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await createConnection({ uri: url, timezone: 'Z', infileStreamFactory: noFile });
  try {
    return await work(connection);
  } finally {
    connection.destroy();
  }
}

/** The file of a LOAD DATA without its own stream: empty, so that the server cannot ask for a file of this machine. */
const noFile = (): Readable => Readable.from([]);

function* rowsOf(token: string, chat: number, first: number, count: number): Generator<string> {
  const time = new Date().toISOString().slice(0, 23).replace('T', ' ');
  const before = `(${partitionOf(token, PARTITIONS)},0x${token.replaceAll('-', '')},${chat},`;
  const after = `,0x${crypto.randomUUID().replaceAll('-', '')},'${time}','${time}')`;
  for (let number = first; number < first + count; number += 1) {
    yield `${before}${number},'${texts[number % TEXTS]}'${after}`;
  }
}

/** Inserts `count` rows into `table`, a thousand in each statement; each statement is a transaction. */
export async function insertMessages(
  connection: Connection,
  {
    table = 'messages',
    token,
    chat,
    first,
    count,
  }: { table?: string; token: string; chat: number; first: number; count: number },
): Promise<void> {
  for (let at = first; at < first + count; at += ROWS) {
    const rows = [...rowsOf(token, chat, at, Math.min(ROWS, first + count - at))];
    await connection.query(`INSERT INTO ${table} (${COLUMNS}) VALUES ${rows.join()}`);
  }
}

/** Inserts `rows` rows into an empty copy of the table `messages`, over several connections. */
export function rawInserts(url: string, rows: number, connections: number): Promise<Done> {
  return intoEmptyTable(url, rows, connections, (connection, share, count) =>
    insertMessages(connection, { table: TABLE, token: crypto.randomUUID(), chat: share + 1, first: 1, count }),
  );
}

/**
 * Makes an empty copy of the table `messages` and times `fill`, run on each of several connections. @throws if rows are
 * missing
 */
export async function intoEmptyTable(
  url: string,
  rows: number,
  connections: number,
  fill: (connection: Connection, share: number, count: number) => Promise<void>,
): Promise<Done> {
  await withMysql(url, async (connection) => {
    await connection.query(`DROP TABLE IF EXISTS ${TABLE}`);
    await connection.query(`CREATE TABLE ${TABLE} LIKE messages`);
  });
  const startedAt = performance.now();
  const lane = (share: number) => withMysql(url, (connection) => fill(connection, share, rows / connections));
  await Promise.all(Array.from({ length: connections }, (_, share) => lane(share)));
  const seconds = (performance.now() - startedAt) / 1_000;
  await withMysql(url, async (connection) => {
    const [found] = await connection.query(`SELECT COUNT(*) AS total FROM ${TABLE}`);
    const { total = 0 } = (found as { total: number }[])[0] ?? {};
    if (total !== rows) throw new Error(`${total} of ${rows} rows are there`);
    await connection.query(`DROP TABLE ${TABLE}`);
  });
  return { count: rows, seconds };
}

export interface ReadOptions {
  /** The applications. The first chat of each is read. */
  readonly tokens: readonly string[];
  /** Each chat has the messages 1 to this one. */
  readonly messages: number;
  readonly seconds: number;
}

const CONNECTIONS = 4;
const IN_FLIGHT = 16;
const PAGE = 50;
const COLUMNS_READ = 'number, content, created_at, updated_at';

/** The condition by which Parley's own reads select a chat's messages. */
function inChatOf(token: string): string {
  const partition = partitionOf(token, PARTITIONS);
  return `partition_number = ${partition} AND token = 0x${token.replaceAll('-', '')} AND chat_number = 1`;
}

/** Reads single messages, 16 at a time over 4 connections. */
export function rawPoints(url: string, { tokens, messages, seconds }: ReadOptions): Promise<Done> {
  const chats = tokens.map(inChatOf);
  return reads(url, seconds, (index) => {
    const number = 1 + Math.floor(random() * messages);
    return `SELECT ${COLUMNS_READ} FROM messages WHERE ${chats[index % chats.length]} AND number = ${number}`;
  });
}

/** Reads pages of 50 messages. The statement reads 51: the last row shows whether a next page exists. */
export function rawPages(url: string, { tokens, messages, seconds }: ReadOptions): Promise<Done> {
  const chats = tokens.map(inChatOf);
  return reads(url, seconds, (index) => {
    const after = Math.floor(random() * (messages - PAGE));
    const where = `${chats[index % chats.length]} AND number > ${after}`;
    return `SELECT ${COLUMNS_READ} FROM messages WHERE ${where} ORDER BY number LIMIT ${PAGE + 1}`;
  });
}

async function reads(url: string, seconds: number, next: (index: number) => string): Promise<Done> {
  const connections = await Promise.all(
    Array.from({ length: CONNECTIONS }, () => createConnection({ uri: url, timezone: 'Z' })),
  );
  const until = performance.now() + seconds * 1_000;
  let count = 0;
  const lane = async (index: number) => {
    const connection = connections[index % CONNECTIONS];
    while (performance.now() < until) {
      await connection?.query(next(count));
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, (_, index) => lane(index)));
  for (const connection of connections) connection.destroy();
  return { count };
}
