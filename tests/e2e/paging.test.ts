import { beforeAll, describe, expect, test } from 'bun:test';
import type { Answer, Client } from '../support/client.ts';
import { e2e } from '../support/e2e.ts';

let client: Client;
let application: string;
let chat: string;
const ROWS = 23;
const LIMIT = 5;
const ALL = Array.from({ length: ROWS }, (_, index) => index + 1);
const FALLING = [...ALL].reverse();

beforeAll(async () => {
  client = await e2e();
  application = await client.application();
  for (const number of ALL) await client.post(`${application}/chats`, { chat_name: `c${number}` });
  await client.get(`${application}/chats/${ROWS}`);
  chat = `${application}/chats/1`;
  await client.messages(
    chat,
    ALL.map((number) => `m${number}`),
  );
  await client.get(`${chat}/messages/${ROWS}`);
});

const lists = () => [`${application}/chats`, `${chat}/messages`];
const numbers = ({ body }: Answer): number[] => body.map(({ number }: { number: number }) => number);
const tokens = ({ body }: Answer): string[] => body.map(({ token }: { token: string }) => token);

function linkOf({ headers }: Answer, rel: 'next' | 'prev'): string | undefined {
  return new RegExp(`<([^>]+)>; rel="${rel}"`).exec(headers.get('link') ?? '')?.[1];
}

async function read(path: string): Promise<Answer> {
  const answer = await client.get(path);
  expect(answer.status, path).toBe(200);
  return answer;
}

/** Follows the Link header's `next` or `prev` link from a page to the end. Returns all pages, with the first. */
async function walk(first: Answer, rel: 'next' | 'prev'): Promise<Answer[]> {
  const pages = [first];
  for (let path = linkOf(first, rel); path !== undefined; path = linkOf(pages.at(-1)!, rel)) {
    if (pages.length > 5_000) throw new Error('the links have no end');
    pages.push(await read(path));
  }
  return pages;
}

describe('the first page', () => {
  test('has the lowest numbers without an order and with asc, and the highest in descending order with desc', async () => {
    for (const list of lists()) {
      expect(numbers(await read(`${list}?limit=3`))).toEqual([1, 2, 3]);
      expect(numbers(await read(`${list}?limit=3&order=asc`))).toEqual([1, 2, 3]);
      expect(numbers(await read(`${list}?limit=3&order=desc`))).toEqual([23, 22, 21]);
    }
  });

  test('is the same with after=0, and has no rel="prev"', async () => {
    for (const list of lists()) {
      const page = await read(`${list}?limit=3&after=0`);
      expect(numbers(page)).toEqual([1, 2, 3]);
      expect(page.headers.get('link')).toBe(`<${list}?limit=3&after=3>; rel="next"`);
    }
  });
});

describe('a page', () => {
  test('has the same rows in both orders if it has after or before', async () => {
    for (const list of lists()) {
      for (const [bound, expected] of [
        ['after=5', [6, 7, 8]],
        ['after=0', [1, 2, 3]],
        ['before=9', [6, 7, 8]],
        ['before=2', [1]],
      ] as const) {
        expect(numbers(await read(`${list}?limit=3&${bound}`))).toEqual([...expected]);
        expect(numbers(await read(`${list}?limit=3&${bound}&order=desc`))).toEqual([...expected].reverse());
      }
    }
  });

  test('has links that keep the limit and the order', async () => {
    for (const list of lists()) {
      const link = async (query: string) => (await read(`${list}?limit=3&${query}`)).headers.get('link');
      const [next, prev] = ['; rel="next"', '; rel="prev"'];
      expect(await link('after=5')).toBe(`<${list}?limit=3&after=8>${next}, <${list}?limit=3&before=6>${prev}`);
      expect(await link('before=9&order=desc')).toBe(
        `<${list}?limit=3&before=6&order=desc>${next}, <${list}?limit=3&after=8&order=desc>${prev}`,
      );
      expect(await link('order=desc')).toBe(`<${list}?limit=3&before=21&order=desc>${next}`);
      expect(await link('after=20')).toBe(`<${list}?limit=3&before=21>${prev}`);
      expect(await link('before=4&order=desc')).toBe(`<${list}?limit=3&after=3&order=desc>${prev}`);
      expect((await read(`${list}?limit=200`)).headers.get('link')).toBeNull();
      expect((await read(`${list}?limit=200&order=desc`)).headers.get('link')).toBeNull();
    }
  });

  test('that is empty links back, unless the whole list is empty', async () => {
    for (const list of lists()) {
      const link = async (query: string) => {
        const page = await read(`${list}?limit=3&${query}`);
        expect(page.body).toEqual([]);
        return page.headers.get('link');
      };
      expect(await link('after=23')).toBe(`<${list}?limit=3&before=24>; rel="prev"`);
      expect(await link('after=23&order=desc')).toBe(`<${list}?limit=3&before=24&order=desc>; rel="next"`);
      expect(await link('after=9999999999')).toBe(`<${list}?limit=3&before=9999999999>; rel="prev"`);
      expect(await link('before=1')).toBe(`<${list}?limit=3&after=0>; rel="next"`);
      expect(await link('before=1&order=desc')).toBe(`<${list}?limit=3&after=0&order=desc>; rel="prev"`);
    }
    for (const list of [`${await client.application()}/chats`, `${await client.chat()}/messages`]) {
      expect((await read(list)).headers.get('link')).toBeNull();
      expect((await read(`${list}?order=desc`)).headers.get('link')).toBeNull();
      expect((await read(`${list}?after=0`)).headers.get('link')).toBeNull();
    }
  });
});

describe('links alone lead', () => {
  test('through a whole list and back, in both orders', async () => {
    for (const list of lists()) {
      for (const [order, expected] of [
        ['asc', ALL],
        ['desc', FALLING],
      ] as const) {
        const there = await walk(await read(`${list}?limit=${LIMIT}&order=${order}`), 'next');
        expect(there.flatMap(numbers), order).toEqual(expected);
        const back = (await walk(there.at(-1)!, 'prev')).reverse();
        expect(back.flatMap(numbers), order).toEqual(expected);
      }
    }
  });

  test('back from beyond either end, in both orders', async () => {
    for (const list of lists()) {
      for (const [query, rel, expected] of [
        ['after=500', 'prev', ALL],
        ['before=1', 'next', ALL],
        ['after=500&order=desc', 'next', FALLING],
        ['before=1&order=desc', 'prev', FALLING],
      ] as const) {
        const pages = await walk(await read(`${list}?limit=${LIMIT}&${query}`), rel);
        const rows = (rel === 'prev' ? pages.reverse() : pages).flatMap(numbers);
        expect(rows, `${list} ${query}`).toEqual([...expected]);
      }
    }
  });

  test('through the applications and back, in both orders', async () => {
    const mine = new Set<string>();
    for (let count = 0; count < 5; count += 1) mine.add((await client.application()).split('/').at(-1)!);
    for (const token of mine) await client.get(`/api/applications/${token}`);
    for (const order of ['asc', 'desc']) {
      const there = await walk(await read(`/api/applications?limit=200&order=${order}`), 'next');
      const sorted = there.flatMap(tokens).sort();
      expect(there.flatMap(tokens)).toEqual(order === 'asc' ? sorted : sorted.reverse());
      expect(new Set(sorted).size).toBe(sorted.length);
      expect([...mine].filter((token) => !sorted.includes(token))).toEqual([]);
      const back = (await walk(there.at(-1)!, 'prev')).reverse().flatMap(tokens);
      expect([...mine].filter((token) => !back.includes(token))).toEqual([]);
    }
  });

  test('back into the applications from beyond either end', async () => {
    const [lowest, highest] = ['00000000-0000-4000-8000-000000000000', 'ffffffff-ffff-4fff-bfff-ffffffffffff'];
    for (const [query, rel] of [
      [`after=${highest}`, 'prev'],
      [`before=${lowest}`, 'next'],
      [`after=${highest}&order=desc`, 'next'],
      [`before=${lowest}&order=desc`, 'prev'],
    ] as const) {
      const empty = await read(`/api/applications?limit=2&${query}`);
      expect(empty.body).toEqual([]);
      expect((await read(linkOf(empty, rel)!)).body, query).toHaveLength(2);
    }
    expect((await read(`/api/applications?limit=1&after=${lowest}`)).headers.get('link')).not.toContain('prev');
  });
});

test('an owner that does not exist has no pages: every query is a 404', async () => {
  for (const list of [
    `${application}/chats/77/messages`,
    '/api/applications/00000000-0000-4000-8000-000000000000/chats',
  ])
    for (const query of ['', '?after=5', '?before=5', '?order=desc'])
      expect((await client.get(`${list}${query}`)).status, `${list}${query}`).toBe(404);
});

test("an unknown order, and an invalid after or before, are refused with the parameter's name", async () => {
  for (const list of [...lists(), '/api/applications']) {
    for (const [query, name] of [
      ['order=DESC', 'order'],
      ['order=', 'order'],
      ['order=latest', 'order'],
      ['after=00', 'after'],
      ['before=0', 'before'],
    ]) {
      const { status, body } = await client.get(`${list}?${query}`);
      expect(status, `${list}?${query}`).toBe(422);
      expect(body.errors).toEqual([{ path: name, message: expect.any(String) }]);
    }
  }
});
