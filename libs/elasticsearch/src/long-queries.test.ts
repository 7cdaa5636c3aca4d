import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { newToken, parseQuery, SEARCH_RANK, type SearchPosition, type Token } from '@parley/domain';
import { boundedTerms, classQuery, fitsRankedQuery, rankedQuery } from './query.ts';
import { documentOf, type Own, openOwn } from './test-support.ts';

/** What every Elasticsearch allows. */
const TOKENS_MAX = 1_024;

let own: Own;
beforeAll(async () => {
  own = openOwn();
  await own.admin.ensureIndex();
});
afterAll(() => own.end());

/** Different words of `length` characters with spaces between them, `characters` in all. */
function text(characters: number, length: number): string[] {
  const count = Math.floor((characters + 1) / (length + 1));
  return Array.from({ length: count }, (_, word) =>
    Array.from({ length }, (_, position) => String.fromCodePoint(0x4e00 + ((word * 31 + position * 7) % 900))).join(''),
  );
}

async function pages(token: Token, query: string, limit: number): Promise<[number, number | undefined][]> {
  const found: [number, number | undefined][] = [];
  for (let after: SearchPosition | undefined; ; ) {
    const { hits, next } = await own.search.search({ token, chat: 1, query, limit, after });
    for (const { number } of hits) found.push([number, next?.number === number ? next.rank : undefined]);
    if (next === undefined) return found;
    after = next;
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
    test(`of ${characters} characters in words of ${length} has the same meaning and order`, async () => {
      const words = text(characters, length);
      const query = words.join(' ');
      const token = newToken();
      const texts = [
        words.map((word) => `x${word}`).join(''), // 1: parts
        words.join('! '), // 2: phrase
        words.map((word) => `${word}x`).join(' '), // 3: prefixes
        [...words].reverse().join(' '), // 4: words
        words.slice(1).join(' '), // 5: none
        `so ${words.join(' ')} it is`, // 6: phrase
        words.map((word) => `x${word}`).join(' '), // 7: parts
        `${words.slice(1).join(' ')} ${words[0]}y`, // 8: prefixes
      ];
      await own.search.index(texts.map((content, position) => documentOf(token, position + 1, content)));
      await own.admin.refresh();
      const order = [6, 2, 4, 8, 3, 7, 1];
      expect((await pages(token, query, 20)).map(([number]) => number)).toEqual(order);
      expect((await pages(token, query, 3)).map(([number]) => number)).toEqual(order);
      expect(await pages(token, query, 1)).toEqual([
        [6, SEARCH_RANK.phrase],
        [2, SEARCH_RANK.phrase],
        [4, SEARCH_RANK.words],
        [8, SEARCH_RANK.prefixes],
        [3, SEARCH_RANK.prefixes],
        [7, SEARCH_RANK.parts],
        [1, undefined],
      ]);
    });
  }

  test('in quotes of many words, and one word of a thousand characters, are found', async () => {
    const token = newToken();
    const words = text(990, 5);
    const long = 'ab'.repeat(500);
    await own.search.index([documentOf(token, 1, `so ${words.join(', ')}.`), documentOf(token, 2, `x${long}x`)]);
    await own.admin.refresh();
    expect(await pages(token, `"${words.join(' ')}"`, 5)).toEqual([[1, undefined]]);
    expect(await pages(token, `"${[...words].reverse().join(' ')}"`, 5)).toEqual([]);
    expect(await pages(token, long, 5)).toEqual([[2, undefined]]);
    expect(await pages(token, `${long.slice(1)}b`, 5)).toEqual([]);
  });

  test('is answered by its beginning where it is longer than any query may be', async () => {
    const token = newToken();
    await own.search.index([documentOf(token, 1, 'ﷺ'.repeat(1_000)), documentOf(token, 2, '字'.repeat(2_000))]);
    await own.admin.refresh();
    expect(await pages(token, 'ﷺ'.repeat(1_000), 5)).toEqual([[1, undefined]]);
    expect(await pages(token, '字'.repeat(20_000), 5)).toEqual([[2, undefined]]);
    expect(await pages(token, text(5_000, 1).join(' '), 5)).toEqual([]);
  });
});

describe('a query never has more tokens than every Elasticsearch allows', () => {
  const QUERIES = [
    ...[1, 2, 3, 7, 50, 249].map((length) => text(249, length).join(' ')),
    ...[1, 2, 3, 7, 50, 999].map((length) => text(1_000, length).join(' ')),
    ...['x'.repeat(1_000), 'ﷺ '.repeat(500), '🎉'.repeat(1_000), '"a'.repeat(500), "d't ".repeat(250)],
  ];

  /** As Elasticsearch counts: each term, and each word of a phrase. */
  function tokens(query: unknown): number {
    if (Array.isArray(query)) return query.reduce((sum: number, part) => sum + tokens(part), 0);
    if (typeof query !== 'object' || query === null) return 0;
    return Object.entries(query).reduce((sum, [name, value]) => {
      if (name === 'term') return sum + 1;
      return sum + (name === 'match_phrase' ? String(Object.values(value)[0]).split(' ').length : tokens(value));
    }, 0);
  }

  for (const query of QUERIES) {
    test(`${[...query].length} characters: ${[...query].slice(0, 12).join('')}…`, () => {
      const terms = boundedTerms(query);
      if (fitsRankedQuery(terms)) expect(tokens(rankedQuery('c', terms))).toBeWithin(1, TOKENS_MAX + 1);
      for (const rank of Object.values(SEARCH_RANK)) {
        const { query: matches, post_filter: without } = classQuery('c', terms, rank);
        expect(tokens(matches)).toBeWithin(1, TOKENS_MAX + 1);
        expect(tokens(without)).toBeWithin(0, TOKENS_MAX + 1);
      }
    });
  }

  test('and one that may be asked is not cut', () => {
    for (const query of [text(1_000, 1).join(' '), `"${'🎉 '.repeat(499)}"`])
      expect(boundedTerms(query)).toEqual(parseQuery(query));
  });
});
