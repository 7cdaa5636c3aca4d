/** Reads what the system holds of a load: in MySQL, in Elasticsearch, through the API, among the dead letters. */

import { readdir } from 'node:fs/promises';
import { CURRENT_LAYOUT, documentId, SHORT_KEYS } from '@parley/elasticsearch/testing';
import { openRabbitmq, type RabbitmqDrivers } from '@parley/rabbitmq';
import { type Connection, createConnection } from 'mysql2/promise';
import { erasedWords, firstWord, type Stored, type StoredOwner } from './check.ts';
import type { Client } from './client.ts';
import type { Random } from './random.ts';
import type { Recording } from './record.ts';
import { type FaultStack, PARTITIONS } from './stack.ts';

const DEAD_LETTERS_MAX = 100_000;
const DOCUMENTS_AT_ONCE = 1_000;
const SEARCHED_SAMPLE = 40;
const ANSWERED_WITHIN_MS = 10_000;
export const SEARCH_ALIAS = CURRENT_LAYOUT.searchAlias('parley-messages');

/** Connects to MySQL as root: the faults also set global variables and look at the transactions of others. */
export function connectMysql({ mysqlSocket }: FaultStack): Promise<Connection> {
  return createConnection({ user: 'root', socketPath: mysqlSocket, database: 'parley', timezone: 'Z' });
}

export async function withMysql<Result>(
  stack: FaultStack,
  use: (connection: Connection) => Promise<Result>,
): Promise<Result> {
  const connection = await connectMysql(stack);
  try {
    return await use(connection);
  } finally {
    connection.destroy();
  }
}

export async function withDeadLetters<Result>(
  stack: FaultStack,
  use: (deadLetters: RabbitmqDrivers['deadLetters']) => Promise<Result>,
): Promise<Result> {
  const rabbitmq = openRabbitmq({ url: stack.urls.RABBITMQ_URL ?? '', partitions: PARTITIONS });
  await rabbitmq.start();
  try {
    return await use(rabbitmq.deadLetters);
  } finally {
    await rabbitmq.close();
  }
}

/** Reads what the system holds of the load `name`. Removes all dead letters, so that each run sees its own. */
export async function observe(
  stack: FaultStack,
  client: Client,
  recording: Recording,
  name: string,
  random: Random,
): Promise<Stored> {
  const rows = await readRows(stack, name);
  const tokens = [...rows.applications.keys()];
  return {
    leftovers: await leftovers(stack, recording, name),
    applications: await withApi(client, rows.applications, tokens),
    chats: await withApiChats(client, rows.chats, tokens),
    messages: rows.messages,
    documents: await readDocuments(stack, rows),
    documentsCounted: await countDocuments(stack, [...rows.chats.keys()]),
    notFound: await notFound(client, rows.messages, random),
    deadLetters: await takeDeadLetters(stack),
  };
}

/** The name and creation time of the index that searches read; undefined if there is none, or one is being filled. */
export async function settledIndex(stack: FaultStack): Promise<string | undefined> {
  const response = await fetch(`${stack.urls.ELASTICSEARCH_URL}/_alias/${SEARCH_ALIAS}`);
  const searched = Object.keys((await response.json()) as object);
  if (!response.ok || searched.length !== 1) return undefined;
  // A new index is in this table before it is filled.
  const [rows] = await withMysql(stack, (mysql) => mysql.query('SELECT name, created_at AS since FROM search_indices'));
  const [only, ...others] = rows as { name: string; since: Date }[];
  if (only === undefined || others.length > 0 || only.name !== searched[0]) return undefined;
  return `${only.name} of ${only.since.toISOString()}`;
}

type Row = Record<'token' | 'name' | 'content', string> & Record<'number' | 'chat' | 'count' | 'version', number>;
type Counted = Omit<StoredOwner, 'countOfApi'>;

async function readRows(stack: FaultStack, name: string) {
  const applications = new Map<string, Counted>();
  const chats = new Map<string, Counted>();
  const messages = new Map<string, string>();
  const versions = new Map<string, number>();
  await withMysql(stack, async (mysql) => {
    const select = async (sql: string): Promise<Row[]> => (await mysql.query(sql, [`${name}x%`]))[0] as Row[];
    const of = 'WHERE token IN (SELECT token FROM applications WHERE name LIKE ?)';
    const token = 'BIN_TO_UUID(token) AS token';
    const ownApplications = await select(
      `SELECT ${token}, name, chats_count AS count FROM applications WHERE name LIKE ? AND deleted_at IS NULL`,
    );
    for (const row of ownApplications) applications.set(row.token, { name: row.name, count: row.count });
    for (const row of await select(
      `SELECT ${token}, number, name, messages_count AS count FROM chats ${of} AND deleted_at IS NULL`,
    ))
      chats.set(`${row.token}:${row.number}`, { name: row.name, count: row.count });
    for (const row of await select(
      `SELECT ${token}, chat_number AS chat, number, content, version FROM messages ${of} AND deleted_at IS NULL`,
    )) {
      if (!chats.has(`${row.token}:${row.chat}`)) continue; // of a deleted chat: see leftovers
      messages.set(`${row.token}:${row.chat}:${row.number}`, row.content);
      versions.set(`${row.token}:${row.chat}:${row.number}`, row.version);
    }
  });
  return { applications, chats, messages, versions };
}

/**
 * Looks for the contents of what was deleted, by the words that only they have: in all rows, the documents of deleted
 * chats, the dead letters, the logs, and Redis' file.
 */
async function leftovers(stack: FaultStack, recording: Recording, name: string): Promise<string[]> {
  const words = erasedWords(recording);
  const found: string[] = [];
  const look = (where: string, text: string) => {
    for (const [word] of text.matchAll(new RegExp(`${name}x[0-9a-z]{6}z`, 'g'))) {
      if (words.has(word)) found.push(`${where}: ${word}`);
    }
  };
  await withMysql(stack, async (mysql) => {
    for (const [table, columns] of TEXTS) {
      const [rows] = await mysql.query(`SELECT CONCAT_WS(' ', ${columns}) AS text FROM ${table}`);
      for (const { text } of rows as { text: string | null }[]) look(table, text ?? '');
    }
  });
  const removed = recording.removals.filter(({ chat, number, doneAt }) => chat > 0 && number === 0 && doneAt);
  const documents = await countDocuments(
    stack,
    removed.map(({ token, chat }) => `${token}:${chat}`),
  );
  if (documents > 0) found.push(`the index: ${documents} documents of deleted chats`);
  await withDeadLetters(stack, async (deadLetters) => {
    for (const { content } of await deadLetters.list(DEAD_LETTERS_MAX)) look('dead letters', String(content));
  });
  const { stateDir } = stack.settings;
  for (const folder of [`${stateDir}/logs`, `${stateDir}/redis/appendonlydir`]) {
    for (const file of await readdir(folder)) look(file, await Bun.file(`${folder}/${file}`).text());
  }
  return [...new Set(found)];
}

/** All columns that hold what clients send. */
const TEXTS = [
  ['messages', 'content, sender_id, metadata'],
  ['chats', 'name, metadata'],
  ['applications', 'name, metadata'],
  ['batches', 'messages, chats, `reads`'],
] as const;

interface ApiOwner {
  readonly number: number;
  readonly chats_count: number;
  readonly messages_count: number;
}

async function withApi(
  client: Client,
  rows: ReadonlyMap<string, Counted>,
  tokens: readonly string[],
): Promise<Map<string, StoredOwner>> {
  const owners = new Map<string, StoredOwner>();
  for (const token of tokens) {
    const answer = (await answered(client, `/api/applications/${token}`)).body as ApiOwner;
    const row = rows.get(token);
    if (row !== undefined) owners.set(token, { ...row, countOfApi: answer.chats_count });
  }
  return owners;
}

async function withApiChats(
  client: Client,
  rows: ReadonlyMap<string, Counted>,
  tokens: readonly string[],
): Promise<Map<string, StoredOwner>> {
  const counts = new Map<string, number>();
  for (const token of tokens) {
    for (let after = 0; ; ) {
      const path = `/api/applications/${token}/chats?limit=200${after === 0 ? '' : `&after=${after}`}`;
      const { body } = await answered(client, path);
      const page = Array.isArray(body) ? (body as ApiOwner[]) : [];
      for (const { number, messages_count } of page) counts.set(`${token}:${number}`, messages_count);
      after = page.at(-1)?.number ?? 0;
      if (page.length < 200) break;
    }
  }
  return new Map([...rows].map(([name, row]) => [name, { ...row, countOfApi: counts.get(name) ?? -1 }]));
}

async function elasticsearch(stack: FaultStack, path: string, json: unknown): Promise<unknown> {
  const response = await fetch(`${stack.urls.ELASTICSEARCH_URL}/${SEARCH_ALIAS}/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(json),
  });
  if (!response.ok) throw new Error(`Elasticsearch: ${response.status} ${await response.text()}`);
  return response.json();
}

/** Reads search documents. They hold no text: one with its row's version gets the row's text, any other `version N`. */
async function readDocuments(
  stack: FaultStack,
  { messages, versions }: Pick<Awaited<ReturnType<typeof readRows>>, 'messages' | 'versions'>,
): Promise<Map<string, string>> {
  const documents = new Map<string, string>();
  const names = [...messages.keys()];
  for (let from = 0; from < names.length; from += DOCUMENTS_AT_ONCE) {
    const some = names.slice(from, from + DOCUMENTS_AT_ONCE);
    const docs = some.map((name) => {
      const [token = '', chat, number] = name.split(':');
      const place = { token, chat: Number(chat), number: Number(number) };
      return { _id: documentId(SHORT_KEYS, place), routing: SHORT_KEYS.routing(token) };
    });
    const found = (await elasticsearch(stack, '_mget', { docs })) as { docs: { found?: boolean; _version?: number }[] };
    for (const [index, name] of some.entries()) {
      const { found: isThere, _version } = found.docs[index] ?? {};
      if (isThere !== true) continue;
      documents.set(name, _version === versions.get(name) ? (messages.get(name) ?? '') : `version ${_version}`);
    }
  }
  return documents;
}

async function countDocuments(stack: FaultStack, chats: readonly string[]): Promise<number> {
  let sum = 0;
  for (let from = 0; from < chats.length; from += DOCUMENTS_AT_ONCE) {
    const keys = chats.slice(from, from + DOCUMENTS_AT_ONCE).map((name) => {
      const [token = '', chat] = name.split(':');
      return SHORT_KEYS.chat(token, Number(chat));
    });
    const query = { terms: { chat: keys } };
    sum += ((await elasticsearch(stack, '_count', { query })) as { count: number }).count;
  }
  return sum;
}

/** Searches a sample of messages, each by its unique first word. Returns the searches that failed. */
async function notFound(client: Client, messages: ReadonlyMap<string, string>, random: Random): Promise<string[]> {
  const all = [...messages];
  if (all.length === 0) return [];
  const missing: string[] = [];
  for (const [name, content] of Array.from({ length: SEARCHED_SAMPLE }, () => random.pick(all))) {
    const [token, chat, number] = name.split(':');
    const path = `/api/applications/${token}/chats/${chat}/search?search_query=${firstWord(content)}`;
    const { status, body } = await answered(client, path);
    const found = Array.isArray(body) ? (body as { number: number; content: string }[]) : [];
    const [only] = found;
    if (found.length === 1 && only?.number === Number(number) && only.content === content) continue;
    missing.push(`search for ${name}: ${status}, ${found.length} found`);
  }
  return missing;
}

/** Repeats a GET for 10 s until it gets a 200: a refusal by a busy machine says nothing about what is stored. */
async function answered(client: Client, path: string): ReturnType<Client['get']> {
  const deadline = performance.now() + ANSWERED_WITHIN_MS;
  for (;;) {
    const reply = await client.get(path);
    if (reply.status === 200 || performance.now() > deadline) return reply;
    await Bun.sleep(200);
  }
}

async function takeDeadLetters(stack: FaultStack): Promise<Map<string, number>> {
  const reasons = new Map<string, number>();
  await withDeadLetters(stack, (deadLetters) =>
    deadLetters.purge(DEAD_LETTERS_MAX, ({ reason }) => {
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      return true;
    }),
  );
  return reasons;
}
