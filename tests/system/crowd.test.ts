/** The distributed system under many clients, checked by HTTP and in MySQL. PARLEY_URL and MYSQL_URL name it. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { until } from '@parley/testing';
import type { Connection } from 'mysql2/promise';
import type { Client } from '../support/client.ts';
import { counted } from '../support/e2e.ts';
import { connect, connectMysql } from '../support/test-stack.ts';

const CLIENTS = 64;
const CHATS = 50;
const MESSAGES = 20_000;
/** Every fourth message goes to the hot chat. */
const HOT_EVERY = 4;
/** One message in this many is followed until it can be read and found. */
const FOLLOWED_EVERY = 100;
const SEARCHERS = 16;
const READABLE_WITHIN_MS = 15_000;
/** The limit until a message is found: a small machine indexes only after the creates have ended. */
const SEARCHABLE_WITHIN_MS = 60_000;

let client: Client;
let mysql: Connection;
beforeAll(async () => {
  client = await connect();
  mysql = await connectMysql();
});
afterAll(() => mysql.end());

const word = (index: number) => `word${index.toString(36)}end`;
const tokenOf = (path: string) => path.split('/')[3]!;

async function select<Row>(sql: string, token: string): Promise<Row[]> {
  const [rows] = await mysql.query(sql.replaceAll('$token', "UNHEX(REPLACE(?, '-', ''))"), [token]);
  return rows as Row[];
}

function percentiles(name: string, milliseconds: number[]): string {
  const sorted = [...milliseconds].sort((a, b) => a - b);
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!.toFixed(0);
  return `${name}: median ${at(0.5)} ms, p99 ${at(0.99)} ms, of ${sorted.length}`;
}

test('64 clients create 20,000 messages in 50 chats and a hot one through nginx: rows, counts and search are exact', async () => {
  const application = await client.application('Crowd');
  const token = tokenOf(application);
  const hot = await client.chat('Hot', application);
  const chats = await Promise.all(
    Array.from({ length: CHATS }, (_, index) => client.chat(`Chat ${index}`, application)),
  );
  const acknowledged = new Map<string, Map<number, string>>([hot, ...chats].map((chat) => [chat, new Map()]));
  const readable: number[] = [];
  const searchable: number[] = [];
  const following: Promise<void>[] = [];

  const follow = async (chat: string, number: number, index: number) => {
    const since = performance.now();
    // On a small machine the workers may be a second behind. Then a read is a 503, never a 404.
    let { status } = await client.get(`${chat}/messages/${number}`);
    while (status === 503 && performance.now() - since < READABLE_WITHIN_MS) {
      ({ status } = await client.get(`${chat}/messages/${number}`));
    }
    expect(status).toBe(200);
    readable.push(performance.now() - since);
    const found = async () => (await client.get(`${chat}/search?search_query=${word(index)}`)).body.length === 1;
    await until(`${word(index)} is found`, found, SEARCHABLE_WITHIN_MS);
    searchable.push(performance.now() - since);
  };

  let next = 0;
  const started = performance.now();
  const work = async () => {
    for (let index = next++; index < MESSAGES; index = next++) {
      const chat = index % HOT_EVERY === 0 ? hot : chats[index % CHATS]!;
      const content = `message ${word(index)} of the crowd`;
      const { status, body } = await client.post(`${chat}/messages`, { message_content: content });
      expect(status).toBe(201);
      const numbers = acknowledged.get(chat)!;
      expect(numbers.has(body.message_number)).toBe(false);
      numbers.set(body.message_number, content);
      if (index % FOLLOWED_EVERY === 0) following.push(follow(chat, body.message_number, index));
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, work));
  const seconds = (performance.now() - started) / 1000;

  // The API's counts are exact at once.
  for (const [chat, numbers] of acknowledged) {
    await client.get(`${chat}/messages/${numbers.size}`);
    await counted(client, chat, numbers.size);
  }
  await counted(client, application, CHATS + 1);

  // The database has exactly what was acknowledged, under its number, byte for byte.
  const rows = await select<{ chat: number; number: number; content: string }>(
    'SELECT chat_number AS chat, number, content FROM messages WHERE token = $token ORDER BY chat_number, number',
    token,
  );
  expect(rows).toHaveLength(MESSAGES);
  const stored = new Map<string, Map<number, string>>();
  for (const { chat, number, content } of rows) {
    const path = `${application}/chats/${chat}`;
    if (!stored.has(path)) stored.set(path, new Map());
    stored.get(path)!.set(number, content);
  }
  for (const [chat, numbers] of acknowledged) {
    expect([...stored.get(chat)!.keys()]).toEqual(Array.from({ length: numbers.size }, (_, index) => index + 1));
    for (const [number, content] of numbers) expect(stored.get(chat)!.get(number)).toBe(content);
  }

  // Search finds each message.
  await Promise.all(following);
  const all = [...acknowledged].flatMap(([chat, numbers]) =>
    [...numbers].map(([number, content]) => ({ chat, number, content })),
  );
  let at = 0;
  const search = async () => {
    for (let index = at++; index < all.length; index = at++) {
      const { chat, number, content } = all[index]!;
      await until(`${content} is found`, async () => {
        const { body } = await client.get(`${chat}/search?search_query=${content.split(' ')[1]}`);
        return body.length === 1 && body[0].number === number;
      });
    }
  };
  await Promise.all(Array.from({ length: SEARCHERS }, search));

  // After the flush of the counts the rows have them, and the API still shows the same.
  await until(
    'the counts are summed into the rows',
    async () => {
      const counts = await select<{ number: number; messages: number }>(
        'SELECT number, messages_count AS messages FROM chats WHERE token = $token',
        token,
      );
      const [row] = await select<{ chats: number }>(
        'SELECT chats_count AS chats FROM applications WHERE token = $token',
        token,
      );
      const exact = counts.every(
        ({ number, messages }) => messages === acknowledged.get(`${application}/chats/${number}`)!.size,
      );
      return exact && row?.chats === CHATS + 1;
    },
    130_000,
  );
  for (const [chat, numbers] of acknowledged) expect((await client.get(chat)).body.messages_count).toBe(numbers.size);

  console.log(`${Math.round(MESSAGES / seconds)} creates a second from this one client process`);
  console.log(percentiles('created → readable', readable));
  console.log(percentiles('created → searchable', searchable));
}, 400_000);
