/** Rows read as bytes say what mysql2 reads, and are written as `messageJson` writes: with random texts, on the server. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { type Message, messageJson, newToken } from '@parley/domain';
import fc from 'fast-check';
import { application, chat, messages, type OwnDatabase, ownDatabase } from '../testing/index.ts';
import { arrayOf, type MessageRowJson, MessageRows } from './message-rows.ts';

let database: OwnDatabase;
beforeAll(async () => {
  database = await ownDatabase();
});
afterAll(() => database.close());

const decoded = (bytes: Uint8Array) => new TextDecoder('utf-8', { fatal: true }).decode(bytes);

/** What is dear to JSON and to UTF-8, and lengths at which MySQL writes a length in more bytes. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }).filter((value) => value.isWellFormed()),
  fc.string({
    unit: fc.constantFrom('"', '\\', '\b', '\t', '\n', '\f', '\r', '\0', '\x1f', '\x7f', 'é', '\u2028', '😀'),
  }),
  fc.constantFrom('', ...[250, 251, 252, 255, 256, 4_000].map((length) => 'x'.repeat(length)), '😀'.repeat(10_000)),
);
const time = fc.integer({ min: 0, max: Date.parse('9999-12-31T23:59:59.999Z') });
const extras = fc.record(
  {
    senderId: fc.stringMatching(/^[A-Za-z0-9._:@-]{1,64}$/),
    metadata: fc.object({ maxDepth: 2 }).map((value) => JSON.stringify(value)),
    createdAt: time,
  },
  { requiredKeys: [] },
);

test('a page is the JSON of the same messages, read one by one by mysql2', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(text, extras), { minLength: 1, maxLength: 20 }), time, async (given, at) => {
      const token = newToken();
      const { store } = database.mysql;
      const contents = given.map(([content]) => content);
      const said = { ...messages(token, 1, contents), at, extras: given.map(([, more]) => more) };
      const { rejected } = await store.append([application(token), chat(token, 1), said]);
      expect(rejected).toEqual([]);
      const single: Message[] = [];
      for (let number = 1; number <= given.length; number += 1) single.push((await store.message(token, 1, number))!);
      const upwards = await store.messages(token, 1, { limit: 200 });
      expect(decoded(upwards.json)).toBe(`[${single.map(messageJson).join()}]`);
      const downwards = await store.messages(token, 1, { limit: 200, order: 'desc' });
      expect(decoded(downwards.json)).toBe(`[${single.toReversed().map(messageJson).join()}]`);
    }),
    { numRuns: 60 },
  );
});

test('pages of a tick are read together, and the same page once', async () => {
  const token = newToken();
  const { store } = database.mysql;
  await store.append([application(token), ...[1, 2, 3].map((number) => chat(token, number))]);
  for (const number of [1, 2, 3]) {
    const contents = Array.from({ length: 120 }, (_, place) => `${number}:${place + 1}`);
    await store.append([messages(token, 1, contents, number)]);
  }
  await store.messages(token, 1, { limit: 1 });
  const before = await selects();
  const asked = [1, 2, 3].flatMap((number) =>
    [0, 50, 100].flatMap((after) => [
      { number, after },
      { number, after },
    ]),
  );
  const pages = await Promise.all(
    asked.map(({ number, after }) => store.messages(token, number, { limit: 50, after })),
  );
  expect(pages.map(({ json }) => JSON.parse(decoded(json)).map(({ content }: Message) => content))).toEqual(
    asked.map(({ number, after }) =>
      Array.from({ length: after === 100 ? 20 : 50 }, (_, i) => `${number}:${after + i + 1}`),
    ),
  );
  expect(pages.map(({ more }) => more)).toEqual(asked.map(({ after }) => after < 100));
  expect((await selects()) - before).toBeLessThanOrEqual(3); // the pages, two unknown chats, and this question
});

/** How many SELECTs the server has been asked. */
async function selects(): Promise<number> {
  const [row] = await database.query<{ Value: string }>("SHOW GLOBAL STATUS LIKE 'Com_select'");
  return Number(row?.Value);
}

test('rows that are not neighbours make one array, and no row an empty one', () => {
  const rows = new MessageRows();
  const written: ReturnType<MessageRows['message']>[] = [];
  for (let number = 1; number <= 4; number += 1) {
    const bytes = rowOf('7', String(number), 'x'.repeat(number), null, null, TIME, TIME, null);
    expect(rows.begin(bytes, 0)).toBe(7);
    written.push(rows.message(bytes.length));
  }
  const read = rows.take(written);
  rows.clear();
  const other = rowOf('7', '5', 'other', null, null, TIME, TIME, null);
  rows.begin(other, 0);
  rows.message(other.length); // in the same memory
  const numbers = (some: readonly MessageRowJson[]) =>
    JSON.parse(decoded(arrayOf(some))).map(({ number }: Message) => number);
  expect(numbers(read)).toEqual([1, 2, 3, 4]);
  expect(numbers(read.toReversed())).toEqual([4, 3, 2, 1]);
  expect(numbers(read.filter(({ number }) => number !== 3))).toEqual([1, 2, 4]);
  expect(decoded(arrayOf([]))).toBe('[]');
});

const TIME = '2026-01-31 13:05:59.123';

function rowOf(...columns: readonly (string | null)[]): Uint8Array {
  return Buffer.concat(
    columns.map((column) =>
      column === null ? Buffer.of(0xfb) : Buffer.concat([Buffer.of(column.length), Buffer.from(column)]),
    ),
  );
}
