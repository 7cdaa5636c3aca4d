/** Other ways to insert rows into MySQL than a multi-row INSERT with literals; each uses one connection. */
import { Readable } from 'node:stream';
import { type Connection, createConnection } from 'mysql2/promise';
import type { Done } from '../measure/sample.ts';
import { COLUMNS, intoEmptyTable, ROWS, TABLE, texts } from './mysql.ts';

const CHUNK_BYTES = 64 * 1024;

/** Inserts with a prepared statement for 1,000 rows, whose values are sent in binary. */
export function rawPrepared(url: string, rows: number): Promise<Done> {
  const places = Array.from({ length: ROWS }, () => '(0,?,?,?,?,?,?,?)').join();
  const sql = `INSERT INTO ${TABLE} (${COLUMNS}) VALUES ${places}`;
  return inStatements(url, rows, async (connection, { token, chat, first, id, time }) => {
    const values: (Buffer | string | number)[] = [];
    for (let number = first; number < first + ROWS; number += 1) {
      values.push(token, chat, number, texts[number % texts.length] ?? '', id, time, time);
    }
    await connection.execute(sql, values);
  });
}

/** Inserts 1,000 rows in each statement from one literal: a JSON array that JSON_TABLE expands. */
export function rawJsonTable(url: string, rows: number): Promise<Done> {
  return inStatements(url, rows, async (connection, { token, chat, first, id, time }) => {
    const list = Array.from({ length: ROWS }, (_, index) => {
      const number = first + index;
      return [token.toString('hex'), chat, number, texts[number % texts.length], id.toString('hex'), time];
    });
    await connection.query(
      `INSERT INTO ${TABLE} (${COLUMNS})
      SELECT 0, UNHEX(token), chat, number, content, UNHEX(id), time, time FROM JSON_TABLE(${connection.escape(JSON.stringify(list))},
        '$[*]' COLUMNS (token CHAR(32) PATH '$[0]', chat INT UNSIGNED PATH '$[1]', number BIGINT UNSIGNED PATH '$[2]',
          content TEXT PATH '$[3]', id CHAR(32) PATH '$[4]', time DATETIME(3) PATH '$[5]')) AS row_list`,
    );
  });
}

interface Rows {
  readonly token: Buffer;
  readonly chat: number;
  readonly first: number;
  readonly id: Buffer;
  readonly time: string;
}

const randomBytes = (): Buffer => Buffer.from(crypto.randomUUID().replaceAll('-', ''), 'hex');

function inStatements(
  url: string,
  rows: number,
  insert: (connection: Connection, some: Rows) => Promise<void>,
): Promise<Done> {
  return intoEmptyTable(url, rows, 1, async (connection, share, count) => {
    const token = randomBytes();
    for (let first = 1; first <= count; first += ROWS) {
      const time = new Date().toISOString().slice(0, 23).replace('T', ' ');
      await insert(connection, { token, chat: share + 1, first, id: randomBytes(), time });
    }
  });
}

/** Inserts with LOAD DATA LOCAL. Resolves with undefined if root cannot allow it on the server. */
export async function rawLoadData(
  { mysql: url, mysqlSocket }: { readonly mysql: string; readonly mysqlSocket: string },
  rows: number,
): Promise<Done | undefined> {
  try {
    const root = await createConnection({ user: 'root', socketPath: mysqlSocket });
    await root.query('SET GLOBAL local_infile = 1');
    root.destroy();
  } catch {
    return undefined;
  }
  return intoEmptyTable(url, rows, 1, async (connection, share, count) => {
    const token = crypto.randomUUID().replaceAll('-', '');
    for (let at = 0; at < count; at += ROWS * 10) await loadPart(connection, token, share + 1, at, ROWS * 10);
  });
}

async function loadPart(connection: Connection, token: string, chat: number, at: number, count: number) {
  const time = new Date().toISOString().slice(0, 23).replace('T', ' ');
  const id = crypto.randomUUID().replaceAll('-', '');
  const lines: string[] = [];
  for (let number = at + 1; number <= at + count; number += 1) {
    lines.push(`${token}\t${chat}\t${number}\t${texts[number % texts.length]}\t${id}\t${time}\t${time}\n`);
  }
  await connection.query({
    sql: `LOAD DATA LOCAL INFILE 'rows' INTO TABLE ${TABLE} CHARACTER SET utf8mb4
      (@token, chat_number, number, content, @id, created_at, updated_at)
      SET partition_number = 0, token = UNHEX(@token), event_id = UNHEX(@id)`,
    infileStreamFactory: () => Readable.from(chunksOf(Buffer.from(lines.join('')))),
  });
}

function* chunksOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) yield bytes.subarray(at, at + CHUNK_BYTES);
}
