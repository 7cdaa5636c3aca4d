import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { newToken, parseQuery, SEARCH_RANK, type SearchPosition, type Token } from '@parley/domain';
import { rankedQuery } from './query.ts';
import { documentOf, type Own, openOwn } from './testing/own-index.ts';
import { CURRENT_LAYOUT } from './version-2.ts';

/** Every Elasticsearch allows this many tokens in a query. */
const TOKENS_MAX = 1_024;

let own: Own;
beforeAll(async () => {
  own = openOwn();
  await own.admin.ensureIndex();
});
afterAll(() => own.end());

/** Different words of `length` characters. Joined by spaces they have at most `characters` characters. */
function text(characters: number, length: number): string[] {
  const count = Math.floor((characters + 1) / (length + 1));
  return Array.from({ length: count }, (_, word) =>
    Array.from({ length }, (_, position) => String.fromCodePoint(0x4e00 + ((word * 31 + position * 7) % 900))).join(''),
  );
}

type Ranked = Pick<SearchPosition, 'number' | 'rank'>;

async function pages(token: Token, query: string, limit: number): Promise<Ranked[]> {
  const found: Ranked[] = [];
  for (let after: SearchPosition | undefined; ; ) {
    const { hits, more } = await own.search.search({ token, chat: 1, query, limit, after });
    found.push(...hits.map(({ number, rank }) => ({ number, rank })));
    if (!more) return found;
    after = hits.at(-1);
  }
}

describe('a long query', () => {
  for (const [characters, length] of [
    [249, 1],
    [250, 4],
    [251, 4],
    [999, 1],
    [1_000, 6],
    [1_000, 300],
  ] as const) {
    test(`of ${characters} characters in words of ${length} has the same order`, async () => {
      const words = text(characters, length);
      const query = words.join(' ');
      const token = newToken();
      const texts = [
        words.map((word) => `x${word}`).join(''), // message 1 has rank parts
        words.join('! '), // message 2: rank phrase
        words.map((word, index) => `${word}${String.fromCodePoint(0xac00 + index)}`).join(' '), // message 3: prefixes
        [...words].reverse().join(' '), // message 4: rank words
        words.slice(1).join(' '), // message 5 does not match
        `so ${words.join(' ')} it is`, // message 6: rank phrase
        words.map((word) => `x${word}`).join(' '), // message 7: rank parts
        `${words.slice(1).join(' ')} ${words[0]}y`, // message 8: rank prefixes
      ];
      await own.index(texts.map((content, position) => documentOf(token, position + 1, content)));
      await own.admin.refresh();
      const { phrase, words: whole, prefixes, parts } = SEARCH_RANK;
      // If words are longer than 200 characters, only the beginning of the first one decides the rank.
      const [order, ranks] =
        length > 200
          ? [
              [8, 6, 4, 3, 2, 7, 1],
              [phrase, phrase, phrase, phrase, phrase, parts, parts],
            ]
          : [
              [6, 2, 4, 8, 3, 7, 1],
              [phrase, phrase, whole, prefixes, prefixes, parts, parts],
            ];
      const expected = order.map((number, position) => ({ number, rank: ranks[position]! }));
      expect(await pages(token, query, 20)).toEqual(expected);
      expect(await pages(token, query, 3)).toEqual(expected);
      expect(await pages(token, query, 1)).toEqual(expected);
    });
  }

  test('of one word of a thousand characters is found', async () => {
    const token = newToken();
    const long = Array.from({ length: 500 }, (_, position) => String.fromCharCode(0x4e00 + position)).join('');
    await own.index([documentOf(token, 1, `x${long}x`), documentOf(token, 2, long.slice(1))]);
    await own.admin.refresh();
    expect((await pages(token, long, 5)).map(({ number }) => number)).toEqual([1]);
  });
});

describe('a query never has more tokens than every Elasticsearch allows', () => {
  const QUERIES = [
    ...[1, 2, 3, 7, 50, 249].map((length) => text(249, length).join(' ')),
    ...[1, 2, 3, 7, 50, 999].map((length) => text(1_000, length).join(' ')),
    ...[
      'x'.repeat(1_000),
      'ﷺ '.repeat(500),
      '🎉'.repeat(1_000),
      '"a'.repeat(500),
      "d't ".repeat(250),
      '?! :) '.repeat(160),
    ],
    Array.from({ length: 330 }, (_, index) => String.fromCharCode(0x2000 + index)).join(' '),
  ];

  /** The tokens of a query as Elasticsearch counts them: each term, and each word of a phrase. */
  function tokens(query: unknown): number {
    if (Array.isArray(query)) return query.reduce((sum: number, part) => sum + tokens(part), 0);
    if (typeof query !== 'object' || query === null) return 0;
    return Object.entries(query).reduce((sum, [name, value]) => {
      if (name === 'term') return sum + 1;
      if (name === 'terms') return sum + (Object.values(value)[0] as unknown[]).length;
      return sum + (name === 'match_phrase' ? String(Object.values(value)[0]).split(' ').length : tokens(value));
    }, 0);
  }

  for (const query of QUERIES) {
    test(`${[...query].length} characters: ${[...query].slice(0, 12).join('')}…`, () => {
      const scope = [{ term: { chat: 'c' } }, { term: { sender: 's' } }];
      expect(tokens(rankedQuery(scope, parseQuery(query), CURRENT_LAYOUT))).toBeWithin(1, TOKENS_MAX + 1);
    });
  }
});
