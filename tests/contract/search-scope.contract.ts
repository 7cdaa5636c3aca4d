import { describe, expect, test } from 'bun:test';
import { CheckedSearch } from '@parley/api/testing';
import {
  comparePositions,
  foldText,
  newToken,
  parseQuery,
  rankOf,
  type SearchDocument,
  type SearchPosition,
  type SearchRequest,
  type Token,
} from '@parley/domain';
import fc from 'fast-check';
import { opened } from './open-harness.ts';
import type { Searched, SearchHarness } from './search-index.contract.ts';

const SEED = 20_241_128;
const AT = 1_700_000_000_000;

type Asked = Omit<SearchRequest, 'limit' | 'after'>;

/** The places `chat:number` of the messages that a search finds, read in pages of `limit`. */
async function placesOf(
  { index, store }: Searched,
  asked: Asked,
  limit = 200,
  onPage: () => Promise<void> = async () => {},
): Promise<string[]> {
  const checked = new CheckedSearch(index, store);
  const places: string[] = [];
  for (let after: SearchPosition | undefined; ; ) {
    const page = await checked.page({ ...asked, limit, after });
    places.push(...page.hits.map(({ chat, number }) => `${chat}:${number}`));
    await onPage();
    if (page.next === undefined) return places;
    after = page.next;
  }
}

/** What a search finds by its definition: see the port SearchIndex. */
function expected(documents: readonly SearchDocument[], asked: Asked): string[] {
  const query = parseQuery(asked.query);
  return documents
    .filter(({ token, chat }) => token === asked.token && (asked.chat === undefined || chat === asked.chat))
    .filter(({ chat }) => asked.chats === undefined || asked.chats.includes(chat))
    .filter(({ senderId }) => asked.senderId === undefined || senderId === asked.senderId)
    .filter(({ createdAt }) => createdAt >= (asked.from ?? 0) && createdAt < (asked.to ?? Number.POSITIVE_INFINITY))
    .flatMap(({ content = '', chat, number, createdAt }) => {
      const rank = rankOf(foldText(content), query);
      if (rank === undefined) return [];
      const at = asked.chat === undefined ? createdAt : 0;
      return [{ rank: asked.order === 'newest' ? 0 : rank, createdAt: at, chat, number }];
    })
    .sort(comparePositions)
    .map(({ chat, number }) => `${chat}:${number}`);
}

/** A message: its chat, number and content; each hour later than the number before, unless `createdAt` says otherwise. */
function message(
  token: Token,
  [chat, number]: readonly [number, number],
  content: string | undefined,
  some: Partial<SearchDocument> = {},
): SearchDocument {
  return { token, chat, number, content, createdAt: AT + number * 3_600_000, version: 1, ...some };
}

export function searchScopeContract(name: string, open: () => Promise<SearchHarness>): void {
  describe(`${name} search, over all chats and with filters`, () => {
    const harness = opened(open);

    test("finds the messages of all chats of an application, and never another application's", async () => {
      const { given, ...searched } = harness();
      const [token, other] = [newToken(), newToken()];
      await given([
        ...[1, 2, 11].map((chat) => message(token, [chat, 1], `secret of ${chat}`)),
        message(other, [1, 1], 'secret of another'),
      ]);
      expect(await placesOf(searched, { token, query: 'secret' })).toEqual(['11:1', '2:1', '1:1']);
      expect(await placesOf(searched, { token, query: 'se' })).toHaveLength(3);
      expect(await placesOf(searched, { token: other, query: 'secret' })).toEqual(['1:1']);
      expect(await placesOf(searched, { token: newToken(), query: 'secret' })).toEqual([]);
      expect(await placesOf(searched, { token, query: '\u200b' })).toEqual([]);
    });

    test('orders by rank, then by time, then by number and chat; `newest` by time at once', async () => {
      const { given, ...searched } = harness();
      const token = newToken();
      const same = { createdAt: AT };
      await given([
        message(token, [1, 1], 'a red car', same),
        message(token, [1, 2], 'scar, infrared', { createdAt: AT + 9 }),
        message(token, [2, 1], 'a red car', same),
        message(token, [2, 2], 'car, red', { createdAt: AT + 5 }),
        message(token, [3, 1], 'a red car', { createdAt: AT - 1 }),
        message(token, [3, 2], 'a red car', same),
      ]);
      const query = 'red car';
      expect(await placesOf(searched, { token, query })).toEqual(['3:2', '2:1', '1:1', '3:1', '2:2', '1:2']);
      const newest = ['1:2', '2:2', '3:2', '2:1', '1:1', '3:1'];
      for (const limit of [200, 4, 1])
        expect(await placesOf(searched, { token, query, order: 'newest' }, limit)).toEqual(newest);
      for (const limit of [200, 1]) {
        expect(await placesOf(searched, { token, chat: 2, query, order: 'newest' }, limit)).toEqual(['2:2', '2:1']);
        expect(await placesOf(searched, { token, chat: 2, query, order: 'best' }, limit)).toEqual(['2:1', '2:2']);
      }
    });

    test('finds only the messages of a sender and of a time', async () => {
      const { given, ...searched } = harness();
      const token = newToken();
      const documents = [1, 2].flatMap((chat) =>
        ['ann', 'bob', undefined, 'Ann', 'ann@b.org', 'ann'].map((senderId, index) =>
          message(token, [chat, index + 1], 'red', { senderId, createdAt: AT + index }),
        ),
      );
      await given(documents);
      for (const chat of [1, undefined])
        for (const order of ['best', 'newest'] as const)
          for (const some of [
            { senderId: 'ann' },
            { senderId: 'ann@b.org' },
            { senderId: 'eve' },
            { from: AT + 2 },
            { to: AT + 2 },
            { from: AT + 1, to: AT + 5 },
            { from: AT + 5, to: AT + 1 },
            { senderId: 'ann', from: AT + 1 },
          ]) {
            const asked = { token, chat, order, query: 'red', ...some };
            for (const limit of [200, 2])
              expect({ asked, found: await placesOf(searched, asked, limit) }).toEqual({
                ...{ asked, found: expected(documents, asked) },
              });
          }
    });

    test('finds only the messages of some chats, and itself proposes no others', async () => {
      const { given, ...searched } = harness();
      const [token, other] = [newToken(), newToken()];
      const documents = [1, 2, 3, 11, 12, 111].flatMap((chat) =>
        ['red', 'infrared', 'a red car', 'blue'].map((text, index) => message(token, [chat, index + 1], text)),
      );
      await given([...documents, message(other, [2, 1], 'red'), message(other, [4, 1], 'red')]);
      for (const chats of [[], [2], [1, 11], [11, 2, 111], [4], [2, 4, 9_999_999_999], [1, 2, 3, 11, 12, 111]])
        for (const chat of [undefined, 1, 2, 4])
          for (const query of ['red', 're', 'a car', 'blue red'])
            for (const order of ['best', 'newest'] as const) {
              const asked = { token, chat, chats, query, order };
              const found = expected(documents, asked);
              for (const limit of [200, 3])
                expect({ asked, found: await placesOf(searched, asked, limit) }).toEqual({ asked, found });
              const { hits } = await searched.index.search({ ...asked, limit: 200 });
              expect(hits.filter((hit) => !chats.includes(hit.chat))).toEqual([]);
            }
    }, 60_000);

    test('200 chats among many are searched, by a long query too', async () => {
      const { given, ...searched } = harness();
      const token = newToken();
      const numbers = Array.from({ length: 420 }, (_, index) => index + 1);
      const words = Array.from({ length: 200 }, (_, index) => String.fromCodePoint(0x4e00 + index * 3)).join(' ');
      await given(numbers.map((chat) => message(token, [chat, 1], `red ${words}`)));
      const chats = numbers.filter((chat) => chat % 2 === 0).slice(0, 200);
      for (const query of ['red', words]) {
        const places = await placesOf(searched, { token, chats, query });
        expect(places).toEqual(chats.toReversed().map((chat) => `${chat}:1`));
      }
    }, 60_000);

    for (const limit of [1, 2, 7, 40, 41, 200]) {
      test(`pages of ${limit} over messages of one number and time in many chats have each once`, async () => {
        const { given, ...searched } = harness();
        const token = newToken();
        const chats = Array.from({ length: 130 }, (_, index) => index + 1);
        const documents = [
          ...chats.map((chat) => message(token, [chat, 1], chat % 3 === 0 ? 'infrared' : 'red', { createdAt: AT })),
          ...chats.slice(0, 9).map((chat) => message(token, [chat, 2], 'red', { createdAt: AT })),
          message(token, [50, 2], 'red', { createdAt: AT - 1 }),
        ];
        await given(documents);
        for (const order of ['best', 'newest'] as const) {
          for (const some of [undefined, chats.filter((chat) => chat % 7 !== 0)]) {
            const asked = { token, query: 'red', order, chats: some };
            expect(await placesOf(searched, asked, limit)).toEqual(expected(documents, asked));
          }
        }
      });
    }

    test('messages that come between two pages make no other hit lost or repeated', async () => {
      const { given, ...searched } = harness();
      const token = newToken();
      const first = [1, 2, 3, 4].flatMap((chat) => [1, 2].map((number) => message(token, [chat, number], 'news')));
      await given(first);
      const later = [5, 6, 7].map((chat) => [1, 2, 3].map((number) => message(token, [chat, number], 'news')));
      const places = await placesOf(searched, { token, query: 'news' }, 3, async () => {
        const next = later.shift();
        if (next !== undefined) await given(next);
      });
      expect(new Set(places).size).toBe(places.length);
      const before = expected(first, { token, query: 'news' });
      expect(places.filter((place) => before.includes(place))).toEqual(before);
    });

    test('a deleted message is found no longer, by nothing', async () => {
      const { given, ...searched } = harness();
      const token = newToken();
      await given([message(token, [1, 1], 'secret one'), message(token, [1, 2], 'secret two')]);
      await given([message(token, [1, 1], undefined, { version: 2 })]);
      for (const query of ['secret', 'se', 's', 'one'])
        for (const chat of [1, undefined])
          for (const order of ['best', 'newest'] as const) {
            const { hits } = await searched.index.search({ token, chat, query, order, limit: 10 });
            expect(hits.map(({ number }) => number)).toEqual(query === 'one' ? [] : [2]);
          }
    });

    test('finds what the definition finds, in the same order, in one page and in small ones', async () => {
      const { given, ...searched } = harness();
      const token = newToken();
      const words = fc.constantFrom('red', 'Reds', 'infrared', 'car', 'scar', 'a', 'b', '中', '中文', ':)', '@a');
      const text = fc.array(words, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(' '));
      const sender = fc.option(fc.constantFrom('ann', 'bob'), { nil: undefined });
      const time = fc.integer({ min: 0, max: 5 }).map((offset) => AT + offset);
      const extras = fc.sample(fc.tuple(text, sender, time), { numRuns: 120, seed: SEED });
      const documents = extras.map(([content, senderId, createdAt], index) =>
        message(token, [1 + (index % 12), 1 + Math.floor(index / 12)], content, { senderId, createdAt }),
      );
      await given(documents);
      const requests = fc.sample(
        fc.record({
          query: fc.array(words, { minLength: 1, maxLength: 2 }).map((parts) => parts.join(' ')),
          chat: fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined, freq: 2 }),
          chats: fc.option(fc.uniqueArray(fc.integer({ min: 1, max: 12 })), { nil: undefined }),
          order: fc.constantFrom('best', 'newest'),
          senderId: sender,
          from: fc.option(time, { nil: undefined }),
          to: fc.option(time, { nil: undefined }),
        }),
        { numRuns: 150, seed: SEED },
      );
      const sizes = new Set<boolean>();
      for (const request of requests) {
        const asked: Asked = { token, ...request };
        const places = expected(documents, asked);
        sizes.add(places.length > 0);
        expect({ asked, found: await placesOf(searched, asked) }).toEqual({ asked, found: places });
        expect({ asked, paged: await placesOf(searched, asked, 5) }).toEqual({ asked, paged: places });
      }
      expect(sizes.size).toBe(2); // some requests found something, some nothing
    }, 60_000);
  });
}
