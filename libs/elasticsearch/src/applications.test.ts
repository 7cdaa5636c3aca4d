import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Client } from '@elastic/elasticsearch';
import { newToken, REMOVED_VERSION, type SearchPosition, type SearchRequest, Unavailable } from '@parley/domain';
import { failure } from '@parley/testing';
import { LONG_KEYS, SHORT_KEYS } from './keys.ts';
import {
  CREATED_AT,
  createVersion1,
  documentOf,
  numbersOf,
  type Own,
  openOwn,
  rawClient,
} from './testing/own-index.ts';

let own: Own;
let raw: Client;
let index: string;
beforeAll(async () => {
  raw = rawClient();
  own = openOwn({ searchTimeoutMs: 20_000 });
  index = (await own.admin.ensureIndex()).name;
});
afterAll(() => Promise.all([own.end(), raw.close()]));

test('thousands of messages of one number and time in different chats are paged exactly', async () => {
  const token = newToken();
  const chats = [...Array.from({ length: 2_345 }, (_, position) => position + 1), 9_999_999_999, 3_000_000_000];
  await own.index(chats.map((chat) => documentOf(token, 1, 'red', 1, chat)));
  await own.admin.refresh();
  const found: number[] = [];
  for (let after: SearchPosition | undefined; ; ) {
    const { hits, more } = await own.search.search({ token, query: 'red', limit: 200, after });
    found.push(...hits.map(({ chat }) => chat));
    if (!more) break;
    after = hits.at(-1);
  }
  expect(found).toEqual(chats.toSorted((a, b) => b - a));
}, 60_000);

test('the index itself leaves out messages of other senders and times', async () => {
  const token = newToken();
  const documents = ['ann', 'bob', undefined, 'ann'].map((senderId, position) => ({
    ...documentOf(token, position + 1, 'red'),
    ...{ senderId, createdAt: CREATED_AT + position },
  }));
  await own.index(documents);
  await own.admin.refresh();
  const found = async (some: Partial<SearchRequest>) =>
    (await own.search.search({ token, query: 'red', limit: 10, ...some })).hits.map(({ number }) => number);
  expect(await found({ chats: [1, 2] })).toEqual([4, 3, 2, 1]);
  expect(await found({ chats: [2, 11] })).toEqual([]);
  for (const chat of [1, undefined]) {
    expect(await found({ chat, senderId: 'ann' })).toEqual([4, 1]);
    expect(await found({ chat, from: CREATED_AT + 1, to: CREATED_AT + 3 })).toEqual([3, 2]);
    expect(await found({ chat, from: CREATED_AT, senderId: 'ann', to: CREATED_AT + 1 })).toEqual([1]);
  }
});

describe('the document of a deleted message', () => {
  test('has nothing of the message, is found by nothing, and refuses older versions', async () => {
    const token = newToken();
    await own.index([{ ...documentOf(token, 1, 'secret'), senderId: 'ann' }, documentOf(token, 2, 'secret too')]);
    await own.index([
      { ...documentOf(token, 1, ''), content: undefined, version: 3 },
      { ...documentOf(token, 2, ''), content: undefined, version: REMOVED_VERSION },
    ]);
    // As an older bulk request that waited in a socket of a process that stood still.
    expect(await own.index([documentOf(token, 1, 'secret', 2), documentOf(token, 2, 'secret', 7)])).toEqual([]);
    await own.admin.refresh();
    expect(await numbersOf(own, token, 'secret')).toEqual([]);
    expect((await own.search.search({ token, query: 'secret', limit: 5 })).hits).toEqual([]);
    const routing = SHORT_KEYS.routing(token);
    const [first, second] = await Promise.all(
      [1, 2].map((number) => raw.get({ index, id: `${SHORT_KEYS.chat(token, 1)}:${number}`, routing })),
    );
    expect([first?._version, second?._version]).toEqual([3, REMOVED_VERSION]);
    for (const field of ['chat', 'sender', 'at', 'number', 'text', 'set'])
      expect(
        await raw.count({
          index,
          routing,
          query: { bool: { filter: [{ term: { _routing: routing } }, { exists: { field } }] } },
        }),
      ).toMatchObject({ count: 0 });
  });

  test('is the same in an index of version 1, which cannot search an application yet', async () => {
    const former = openOwn();
    try {
      const name = await createVersion1(raw, former.alias);
      const token = newToken();
      await former.indexInto([name], [documentOf(token, 1, 'secret one'), documentOf(token, 2, 'secret two')]);
      await former.indexInto([name], [{ ...documentOf(token, 1, ''), content: undefined, version: 3 }]);
      expect(await former.indexInto([name], [documentOf(token, 1, 'secret one', 2)])).toEqual([]);
      await raw.indices.refresh({ index: name });
      expect(await numbersOf(former, token, 'secret')).toEqual([2]);
      const kept = await raw.get({ index: name, id: `${LONG_KEYS.chat(token, 1)}:1`, routing: token });
      expect([kept._version, kept._source]).toEqual([3, {}]);
      const all = await former.search.search({ token, chat: 1, query: 'secret', senderId: 'ann', limit: 5 });
      expect(all.hits.map(({ number }) => number)).toEqual([2]); // the store decides about the sender
      const inChats = (chats: number[]) =>
        former.search.search({ token, chat: 1, chats, query: 'secret', limit: 5 }).then(({ hits }) => hits.length);
      expect([await inChats([2, 1]), await inChats([2]), await inChats([])]).toEqual([1, 0, 0]);
      for (const chats of [undefined, [1]])
        expect(await failure(former.search.search({ token, chats, query: 'secret', limit: 5 }))).toBeInstanceOf(
          Unavailable,
        );
    } finally {
      await former.end();
    }
  });
});
