import { expect, test } from 'bun:test';
import {
  type MessagePlace,
  newToken,
  type PlacedMessage,
  type SearchIndex,
  type SearchPosition,
  type SearchRequest,
  Unavailable,
} from '@parley/domain';
import { CheckedSearch } from './checked-search.ts';

const token = newToken();

/** A search index in which every query finds the messages with these numbers. Records its requests. */
function indexOf(numbers: readonly number[]): SearchIndex & { readonly asked: SearchRequest[] } {
  const all = [...numbers].sort((a, b) => b - a).map((number) => ({ rank: 1, createdAt: 0, chat: 1, number }));
  const asked: SearchRequest[] = [];
  return {
    asked,
    search: async (request) => {
      asked.push(request);
      const { after, limit } = request;
      const left = after === undefined ? all : all.filter(({ number }) => number < after.number);
      return { hits: left.slice(0, limit), more: left.length > limit };
    },
  };
}

/** `createdAt` of each message is its number. Even ones are from `ann`. */
function storeOf(contents: Readonly<Record<number, string>>) {
  const rows = (places: readonly MessagePlace[]) =>
    places.flatMap(({ chat, number }): PlacedMessage[] => {
      const content = contents[number];
      if (content === undefined) return [];
      const senderId = number % 2 === 0 ? 'ann' : 'bob';
      return [{ chat, number, content, senderId, version: 1, createdAt: number, updatedAt: number }];
    });
  return { messagesAt: async (_: string, places: readonly MessagePlace[]) => rows(places).reverse() };
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
const same = (count: number, content: string) => Object.fromEntries(numbers(count).map((number) => [number, content]));

async function pages(search: CheckedSearch, query: string, limit: number): Promise<number[][]> {
  const found: number[][] = [];
  for (let after: SearchPosition | undefined; ; ) {
    const page = await search.page({ token, chat: 1, query, limit, after });
    found.push(page.hits.map(({ number }) => number));
    if (page.next === undefined) return found;
    after = page.next;
  }
}

test('returns what the store has now, in the order of the index', async () => {
  const search = new CheckedSearch(indexOf([1, 2, 3]), storeOf({ 1: 'red', 2: 'RED, edited', 3: 'a red one' }));
  const { hits, next } = await search.page({ token, chat: 1, query: 'red', limit: 5 });
  expect(hits.map(({ number, content }) => [number, content])).toEqual([
    [3, 'a red one'],
    [2, 'RED, edited'],
    [1, 'red'],
  ]);
  expect(next).toBeUndefined();
});

test('leaves out messages that are gone or no longer match, and fills the page with the next ones', async () => {
  const contents = { ...same(90, 'red'), 88: 'blue', 70: 'infra' };
  const index = indexOf([...numbers(90), 95]); // the store has no message 95
  const found = await pages(new CheckedSearch(index, storeOf(contents)), 'red', 30);
  expect(found.map(({ length }) => length)).toEqual([30, 30, 28]);
  expect(found.flat()).toEqual(
    numbers(90)
      .reverse()
      .filter((number) => number !== 88 && number !== 70),
  );
});

test('leaves out messages that are not of the sender or the time that was asked for, whatever the index says', async () => {
  const search = new CheckedSearch(indexOf(numbers(20)), storeOf(same(20, 'red')));
  const request = { token, chat: 1, query: 'red', limit: 50 };
  const found = async (some: Partial<SearchRequest>) =>
    (await search.page({ ...request, ...some })).hits.map(({ number }) => number);
  expect(await found({ senderId: 'ann', from: 5, to: 10 })).toEqual([8, 6]);
  expect(await found({ from: 18 })).toEqual([20, 19, 18]);
  expect(await found({ to: 3 })).toEqual([2, 1]);
  expect(await found({ senderId: 'eve' })).toEqual([]);
});

test('tells messages of one number in different chats apart', async () => {
  const hits = [2, 3].map((chat) => ({ rank: 0, createdAt: 5, chat, number: 1 }));
  const row = { number: 1, version: 1, createdAt: 5, updatedAt: 5 };
  const rows = [
    { ...row, chat: 3, content: 'red in 3' },
    { ...row, chat: 2, content: 'red in 2' },
  ];
  const search = new CheckedSearch({ search: async () => ({ hits, more: false }) }, { messagesAt: async () => rows });
  const page = await search.page({ token, query: 'red', limit: 5 });
  expect(page.hits.map(({ chat, content }) => [chat, content])).toEqual([
    [2, 'red in 2'],
    [3, 'red in 3'],
  ]);
});

test('has no next page if none of the next messages matches', async () => {
  const contents = { ...same(5, 'blue'), ...{ 4: 'red', 5: 'red' } };
  expect(await pages(new CheckedSearch(indexOf(numbers(5)), storeOf(contents)), 'red', 2)).toEqual([[5, 4]]);
});

for (const limit of [1, 2, 3, 19, 20, 21, 200]) {
  test(`pages of ${limit} have every hit once`, async () => {
    const contents = Object.fromEntries(numbers(300).map((number) => [number, number % 3 === 0 ? 'red' : 'blue']));
    const found = await pages(new CheckedSearch(indexOf(numbers(300)), storeOf(contents)), 'red', limit);
    expect(found.flat()).toEqual(numbers(100).map((number) => 303 - 3 * number));
    for (const page of found.slice(0, -1)) expect(page).toHaveLength(limit);
  });
}

test('is short, even empty, where thousands in a row do not match, and goes on with the next page', async () => {
  const index = indexOf(numbers(5_000));
  const found = await pages(new CheckedSearch(index, storeOf({ 1: 'red', 4999: 'red' })), 'red', 50);
  expect(found).toEqual([[4_999], [], [1]]);
  expect(Math.max(...index.asked.map(({ limit }) => limit))).toBeLessThanOrEqual(200);
});

test('asks neither index nor store if a query has no terms', async () => {
  const index = indexOf([1]);
  expect(
    await new CheckedSearch(index, storeOf({ 1: 'x' })).page({ token, chat: 1, query: ' \u200b', limit: 5 }),
  ).toEqual({ hits: [] });
  expect(index.asked).toEqual([]);
});

test('is Unavailable if the index or the store is', async () => {
  const away = () => Promise.reject(new Unavailable('store', 'away'));
  const request = { token, chat: 1, query: 'red', limit: 5 };
  for (const search of [
    new CheckedSearch({ search: away }, storeOf({})),
    new CheckedSearch(indexOf([1]), { messagesAt: away }),
  ])
    expect(await search.page(request).catch((error: unknown) => error)).toBeInstanceOf(Unavailable);
});

test('lets others work while it compares texts', async () => {
  const words = numbers(500).map((number) => String.fromCodePoint(0x4e00 + number));
  const contents = same(200, `${words.join(' ')} `.repeat(10));
  let turns = 0;
  let running = true;
  const others = (async () => {
    for (; running; turns += 1) await new Promise((resolve) => setImmediate(resolve));
  })();
  const { hits } = await new CheckedSearch(indexOf(numbers(200)), storeOf(contents)).page({
    ...{ token, chat: 1, limit: 200 },
    query: [...words].reverse().join(' '),
  });
  running = false;
  await others;
  expect(hits).toHaveLength(200);
  expect(turns).toBeGreaterThan(5);
});
