import { beforeAll, describe, expect, test } from 'bun:test';
import { until } from '@parley/testing';
import type { Client } from '../support/client.ts';
import { e2e } from '../support/e2e.ts';
import { rawHttp } from '../support/raw.ts';

let client: Client;
let chat: string;
const MESSAGES = [
  'Where is my parcel?',
  'The PARCEL went to Zürich, to Mr Müller-Lüdenscheidt',
  'parcels, parcels, parcels',
  'Unparceled land is "sold by lot"',
  '我住在北京市朝阳区',
  '東京タワーへ行きたい',
  '안녕하세요 서울에서 만나요',
  'go Go GO now',
  'Crème brûlée is ready 😀',
  'my lost parcel, where is it?',
];

beforeAll(async () => {
  client = await e2e();
  chat = await client.chat();
  await client.messages(chat, MESSAGES);
  await searchable(chat, 'lost parcel', 1);
});

const path = (where: string, query: string, rest = '') =>
  `${where}/search?search_query=${encodeURIComponent(query)}${rest}`;

async function found(query: string, where = chat): Promise<number[]> {
  const { status, body } = await client.get(path(where, query));
  expect(status).toBe(200);
  return body.map(({ number }: { number: number }) => number);
}

function searchable(where: string, query: string, hits: number): Promise<void> {
  return until(`${hits} hits for ${query}`, async () => (await found(query, where)).length === hits);
}

describe('search', () => {
  const cases: [what: string, query: string, numbers: number[]][] = [
    ['a word, in whatever case; whole words first, then beginnings, then parts', 'Parcel', [10, 2, 1, 3, 4]],
    ['the beginning of a word', 'parc', [10, 3, 2, 1, 4]],
    ['a part of a word', 'arcele', [4]],
    ['all words, a phrase of them first', 'where is', [10, 1]],
    ['words in quotes only together', '"is my parcel"', [1]],
    ['without accents what has them', 'zurich muller', [2]],
    ['with accents what has none', 'párcels', [3]],
    ['a hyphenated name', 'Müller-Lüdenscheidt', [2]],
    ['Chinese, two characters', '北京', [5]],
    ['Chinese, one character', '市', [5]],
    ['Japanese', 'タワー', [6]],
    ['Korean, the beginning of a word', '서울', [7]],
    ['a word of two letters', 'go', [8]],
    ['an emoji', '😀', [9]],
    ['full-width letters', 'ｐａｒｃｅｌｓ', [3]],
    ['nothing where a word is missing', 'parcel nowhere', []],
  ];
  for (const [what, query, expected] of cases) {
    test(`finds ${what}`, async () => expect(await found(query)).toEqual(expected));
  }

  test('accepts the query as a JSON body on a GET', async () => {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ search_query: 'brûlée' });
    const answer = await rawHttp(client.url, { method: 'GET', path: `${chat}/search`, headers, body });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual([{ number: 9, content: MESSAGES[8] }]);
  });

  test('accepts the query as a POST', async () => {
    const { status, body } = await client.post(`${chat}/search`, { search_query: 'lost parcel' });
    expect(status).toBe(200);
    expect(body).toEqual([{ number: 10, content: MESSAGES[9] }]);
  });

  test('pages by cursor, each hit once', async () => {
    const many = await client.chat();
    await client.messages(
      many,
      Array.from({ length: 23 }, (_, index) => (index % 2 === 0 ? 'needle' : 'needles')),
    );
    await searchable(many, 'needle', 23);
    const seen: number[] = [];
    let next: string | undefined = path(many, 'needle', '&limit=5');
    while (next !== undefined) {
      const { body, headers } = await client.get(next);
      expect(body.length).toBeLessThanOrEqual(5);
      seen.push(...body.map(({ number }: { number: number }) => number));
      next = /<([^>]+)>; rel="next"/.exec(headers.get('link') ?? '')?.[1];
    }
    const descending = Array.from({ length: 23 }, (_, index) => 23 - index);
    expect(seen).toEqual([...descending.filter((n) => n % 2 === 1), ...descending.filter((n) => n % 2 === 0)]);
  });

  test('never shows another chat', async () => {
    const application = chat.slice(0, chat.indexOf('/chats'));
    const sibling = await client.chat('Sibling', application);
    const stranger = await client.chat();
    await client.messages(sibling, ['zebra here']);
    await client.messages(stranger, ['zebra there']);
    await searchable(sibling, 'zebra', 1);
    await searchable(stranger, 'zebra', 1);
    expect(await found('zebra')).toEqual([]);
  });

  test('finds an updated message by its new text, and no longer by its old one', async () => {
    const where = await client.chat();
    await client.messages(where, ['caterpillar']);
    await searchable(where, 'caterpillar', 1);
    await client.patch(`${where}/messages/1`, { message_content: 'butterfly' });
    await searchable(where, 'butterfly', 1);
    await searchable(where, 'caterpillar', 0);
  });

  for (const query of [
    '"',
    '*',
    'OR',
    'a OR',
    '\\',
    '((',
    ')',
    '[a',
    'NEAR(',
    '"a" AND',
    '-x',
    '^',
    ':',
    '%',
    '_',
    "'",
    ' ',
    '😀"',
    '…',
    'x'.repeat(1000),
    'a b '.repeat(250),
  ]) {
    test(`accepts the query ${JSON.stringify(query.slice(0, 12))}`, async () => {
      const { status, body } = await client.get(path(chat, query));
      expect(status).toBe(200);
      expect(Array.isArray(body)).toBe(true);
    });
  }

  test('refuses a query that is empty, missing, too long or has a NUL', async () => {
    for (const rest of ['', '?search_query=', `?search_query=${'x'.repeat(1001)}`, '?search_query=a%00b']) {
      const { status, body } = await client.get(`${chat}/search${rest}`);
      expect(status).toBe(422);
      expect(body.errors[0].path).toBe('search_query');
    }
    for (const json of [{}, { search_query: 5 }, { search_query: '' }, { search_query: 'x'.repeat(10_000) }]) {
      const { status, body } = await client.post(`${chat}/search`, json);
      expect(status).toBe(422);
      expect(body.errors[0].path).toBe('/search_query');
    }
    for (const cursor of ['x', '-1', Buffer.from('9.0').toString('base64url')]) {
      expect((await client.get(path(chat, 'parcel', `&cursor=${cursor}`))).status).toBe(422);
    }
  });
});
