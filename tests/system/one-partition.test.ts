/**
 * Each transaction stays in one partition: checks every statement that the programs send to MySQL during a run, from
 * the server's general log. The run: creates in all partitions, updates, deletes, indexing, the flush of the counts, the
 * inbox, the purge. PARLEY_URL names the system.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { rootConnection } from '@parley/mysql/testing';
import { until } from '@parley/testing';
import type { Connection } from 'mysql2/promise';
import type { Client } from '../support/client.ts';
import { connect } from '../support/test-stack.ts';

const APPLICATIONS = 24;
const MESSAGES = 20;

interface Logged {
  readonly thread: number;
  readonly sql: string;
}

let client: Client;
let mysql: Connection;
let logged: Logged[] = [];
beforeAll(async () => {
  client = await connect();
  mysql = await rootConnection();
  await mysql.query("SET GLOBAL log_output = 'TABLE'");
  await mysql.query('TRUNCATE TABLE mysql.general_log');
  await mysql.query('SET GLOBAL general_log = ON');
  await run();
  await mysql.query('SET GLOBAL general_log = OFF');
  const [rows] = await mysql.query(
    `SELECT thread_id AS thread, CONVERT(argument USING utf8mb4) AS \`sql\` FROM mysql.general_log
     WHERE command_type = 'Query' AND user_host LIKE 'parley[parley]%' ORDER BY event_time, thread_id`,
  );
  logged = rows as Logged[];
}, 180_000);
afterAll(async () => {
  await mysql.query('SET GLOBAL general_log = OFF');
  await mysql.query('TRUNCATE TABLE mysql.general_log');
  await mysql.query("SET GLOBAL log_output = 'FILE'");
  await mysql.end();
});

/**
 * For each kind of work a LIKE pattern of its SQL. The test waits until each is in the log. The flush comes once a
 * minute.
 */
const KINDS = {
  'messages are stored': 'INSERT INTO messages %',
  'keys are stored': 'INSERT INTO idempotency %',
  'batches are noted as indexed': 'UPDATE batches %',
  'applications are counted': '% STRAIGHT_JOIN applications AS a %',
  'chats are counted': '% STRAIGHT_JOIN chats AS c %',
  'the inbox is kept': 'INSERT INTO activity %',
  'a message is deleted': "UPDATE messages SET content = ''%",
  'a chat is deleted': 'INSERT INTO purges %',
  'messages are removed': 'DELETE m FROM %',
  'a generation is opened': 'UPDATE partitions SET generation = %',
};

async function run(): Promise<void> {
  await Promise.all(Array.from({ length: APPLICATIONS }, create));
  for (const [what, pattern] of Object.entries(KINDS)) {
    const seen = async () => {
      const [rows] = await mysql.query('SELECT 1 FROM mysql.general_log WHERE argument LIKE ? LIMIT 1', [pattern]);
      return (rows as unknown[]).length > 0;
    };
    await until(what, seen, 130_000);
  }
}

async function create(): Promise<void> {
  const application = await client.application();
  const chat = await client.chat('Test', application);
  for (let number = 1; number <= MESSAGES; number += 1) {
    const headers = { 'idempotency-key': `${chat}-${number}` };
    await client.post(`${chat}/messages`, { message_content: `text ${number}` }, headers);
  }
  await client.messages(chat, ['one', 'two']);
  await until('it can be read', async () => (await client.get(`${chat}/messages/${MESSAGES + 2}`)).status === 200);
  await client.patch(`${chat}/messages/1`, { message_content: 'changed' });
  await client.patch(chat, { chat_name: 'changed' });
  await client.patch(application, { application_name: 'changed' });
  await client.delete(`${chat}/messages/2`);
  await client.delete(chat);
}

/** The changing statements of each committed transaction. A statement without BEGIN is a transaction of its own. */
function transactions(): string[][] {
  const open = new Map<number, string[]>();
  const ended: string[][] = [];
  for (const { thread, sql } of logged) {
    const statement = sql.trim().replace(/;$/, '');
    const began = open.get(thread);
    if (/^(BEGIN|START TRANSACTION)/.test(statement)) open.set(thread, []);
    else if (began === undefined) ended.push([statement]);
    else if (statement === 'COMMIT' || statement === 'ROLLBACK') {
      open.delete(thread);
      if (statement === 'COMMIT') ended.push(began);
    } else began.push(statement);
  }
  return ended.map((statements) => statements.filter(changes)).filter((statements) => statements.length > 0);
}

const changes = (statement: string) => /^(INSERT|UPDATE|DELETE|REPLACE)\b/.test(statement);
/** Matches statements on tables that belong to no partition. */
const OF_ALL = /^(INSERT INTO|UPDATE|DELETE FROM) (programs|installation|search_indices)\b/;

/** The partitions that a statement names: in its conditions, or as the first value of each row. */
function partitionsOf(statement: string): Set<string> {
  const found = new Set<string>();
  for (const [, partition] of statement.matchAll(/\bpartition_number = (\d+)/g)) found.add(partition ?? '');
  const rows = /^INSERT INTO \w+ \(partition_number,[^)]*\)\s+(?:VALUES|SELECT)([\s\S]*)/.exec(statement)?.[1] ?? '';
  for (const [, partition] of rows.matchAll(/(?:^|\)\s*,)\s*\(?(\d+),\s*(?=0x|IF|NULL)/g)) found.add(partition ?? '');
  return found;
}

test('no transaction changes rows of two partitions', () => {
  const seen = new Set<string>();
  for (const statements of transactions()) {
    const own = statements.filter((statement) => !OF_ALL.test(statement));
    const partitions = own.map(partitionsOf);
    for (const [place, found] of partitions.entries()) expect([...found], own[place]?.slice(0, 300)).toHaveLength(1);
    const all = new Set(partitions.flatMap((found) => [...found]));
    expect(all.size, own.join('\n').slice(0, 2_000)).toBeLessThanOrEqual(1);
    for (const partition of all) seen.add(partition);
  }
  expect(seen.size).toBeGreaterThan(4); // the run used several partitions
});

test("a transaction locks its partition's row last: only the insert into batches follows", () => {
  const withBatches = transactions().filter((statements) => statements.length > 1);
  expect(withBatches.length).toBeGreaterThan(APPLICATIONS);
  for (const statements of withBatches) {
    const place = statements.findIndex((statement) => statement.startsWith('UPDATE partitions SET'));
    if (place < 0) continue;
    expect(statements.slice(place + 1).map((statement) => statement.slice(0, 19))).toEqual(['INSERT INTO batches']);
  }
});
