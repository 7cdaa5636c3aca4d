import { describe, expect, test } from 'bun:test';
import { CONTENT_CHARACTERS_MAX, newToken, SEARCH_QUERY_CHARACTERS_MAX } from '@parley/domain';
import { opened } from './open-harness.ts';
import { CASES } from './search-cases.ts';
import { documentsOf, found, hitsOf, type SearchHarness } from './search-index.contract.ts';

// biome-ignore format: one query a line would make the list too long
const HARMLESS = [
  'AND', 'OR', 'NOT fox', 'fox AND', 'fox OR cat', 'NEAR(fox, 3)', 'fox*', '*', '(fox', 'fox)', '{fox}', '[a TO z]', '[fox]',
  'content:fox', '-fox', '+fox', '!fox', 'fox~2', 'fox^4', '^fox', '/fox/', '/.*/', '.*', '%', '_', '\\', '\\"', "'", "';--",
  '<script>', '$fox', '{{fox}}', '{"match_all":{}}', '|', '&&', '||', '"fox"~3', '>5', '?', 'fox?', '\u0000', '\ud800', '\u202e',
];

export function searchMatchingContract(name: string, open: () => Promise<SearchHarness>): void {
  describe(`${name} search, matching`, () => {
    const harness = opened(open);

    for (const [how, { text, by, notBy = [] }] of Object.entries(CASES)) {
      test(`finds a message ${how}`, async () => {
        const { given, ...searched } = harness();
        const token = newToken();
        await given(documentsOf(token, [text, 'something else']));
        const missed: string[] = [];
        for (const query of by) if (!(await found(searched, token, query)).includes(1)) missed.push(query);
        const mistaken: string[] = [];
        for (const query of notBy) if ((await found(searched, token, query)).length > 0) mistaken.push(query);
        expect({ missed, mistaken }).toEqual({ missed: [], mistaken: [] });
      });
    }

    test('returns the text as it was written, not the folded text', async () => {
      const { given, ...searched } = harness();
      const token = newToken();
      const text = '  Crème\n BRÛLÉE! “Ｆｕｌｌ” 👩‍👩‍👧‍👦 ';
      await given(documentsOf(token, [text]));
      expect(await hitsOf(searched, token, 'creme')).toEqual([{ number: 1, content: text }]);
    });

    test('finds nothing by an empty query, or one of spaces or invisible characters only', async () => {
      const { given, ...searched } = harness();
      const token = newToken();
      await given(documentsOf(token, ['one two, three...', '!!! ??? ...', '   ', '" "', '\u200b']));
      for (const query of ['', ' ', '\n\t', '\u3000', '\u0000', '\u200b', '\ufe0f \u00ad', '\u0640']) {
        expect({ query, hits: await hitsOf(searched, token, query) }).toEqual({ query, hits: [] });
        expect(await searched.index.search({ token, chat: 1, query, limit: 10 })).toMatchObject({
          hits: [],
          more: false,
        });
      }
    });

    test('orders hits of punctuation like those of words: whole, beginning, part', async () => {
      const { given, ...searched } = harness();
      const token = newToken();
      await given(documentsOf(token, ['a??', 'b?', 'c!?', 'd', '?!', 'why? really!', '?']));
      expect(await found(searched, token, '?')).toEqual([7, 6, 2, 5, 1, 3]);
    });

    test('finds C# first by the query C#, and no message that only has a c', async () => {
      const { given, ...searched } = harness();
      const token = newToken();
      await given(documentsOf(token, ['C# rocks', 'cat music', 'c', 'abc#d', 'C #1', '@bob hi', 'bob', 'to@bobby']));
      expect(await found(searched, token, 'C#')).toEqual([5, 1, 4]);
      expect(await found(searched, token, '@bob')).toEqual([6, 8]);
      expect(await found(searched, token, 'bob')).toEqual([7, 6, 8]);
    });

    test('finds a message that repeats itself, however often, behind the others', async () => {
      const { given, ...searched } = harness();
      const token = newToken();
      const repeated = ['a', 'ha', '哈', 'lol ', '🎉', 'ab ab c', '!?'].map((piece) =>
        piece.repeat(9_990 / [...piece].length),
      );
      await given(documentsOf(token, [...repeated, 'ahab', 'a ha lol 🎉 哈']));
      for (const [query, numbers] of [
        ['a', [9, 8, 6, 2, 1]],
        ['aaaa', [1]],
        ['a'.repeat(1_000), [1]],
        ['haha', [2]],
        ['ha'.repeat(500), [2]],
        ['hh', []],
        ['哈哈哈', [3]],
        ['lol', [9, 4]],
        ['"lol lol"', [4]],
        ['lollol', []],
        ['🎉🎉', [5]],
        ['"ab c"', [6]],
        ['!?!?', [7]],
        ['?!', [7]],
        ['!!', []],
      ] as const) {
        expect({ query, found: await found(searched, token, query) }).toEqual({ query, found: [...numbers] });
      }
    });

    test('treats operators and brackets of any query language as plain text', async () => {
      const { given, ...searched } = harness();
      const token = newToken();
      await given(documentsOf(token, ['a fox here', 'nothing']));
      for (const query of HARMLESS) {
        expect({ query, nothing: (await found(searched, token, query)).includes(2) }).toEqual({
          query,
          nothing: false,
        });
      }
      expect(await found(searched, token, 'fox OR nothing')).toEqual([]);
      expect(await found(searched, token, 'fox*')).toEqual([1]);
      expect(await found(searched, token, '-fox')).toEqual([1]);
      expect(await found(searched, token, '(fox')).toEqual([1]);
      expect(await found(searched, token, 'content:fox')).toEqual([]);
    });

    test('accepts a query of the maximum length, of one word or of 500', async () => {
      const { given, ...searched } = harness();
      const token = newToken();
      const word = 'x'.repeat(SEARCH_QUERY_CHARACTERS_MAX);
      const letters = Array.from({ length: 500 }, (_, index) => String.fromCodePoint(0x4e00 + index));
      const emoji = '🎉'.repeat(SEARCH_QUERY_CHARACTERS_MAX);
      await given(documentsOf(token, [`a ${word} b`, letters.join(' '), letters.slice(1).join(' '), emoji]));
      expect(await found(searched, token, word)).toEqual([1]);
      expect(await found(searched, token, letters.join(' ').slice(0, SEARCH_QUERY_CHARACTERS_MAX))).toEqual([2]);
      expect(await found(searched, token, letters.slice(0, 499).reverse().join(' '))).toEqual([2]);
      expect(await found(searched, token, emoji)).toEqual([4]);
      expect(await found(searched, token, 'a '.repeat(500))).toEqual([1]);
    });

    test('accepts a query of 500 quotation marks or of many phrases', async () => {
      const { given, ...searched } = harness();
      const token = newToken();
      const words = Array.from({ length: 80 }, (_, index) => `word${index}`);
      await given(documentsOf(token, [words.join(' ')]));
      const phrases = words.slice(1).map((word, index) => `"${words[index]} ${word}"`);
      expect(await found(searched, token, phrases.slice(0, 50).join(' '))).toEqual([1]);
      expect(await found(searched, token, '"'.repeat(500))).toEqual([]);
    });

    test('finds a word at the very end of the longest message', async () => {
      const { given, ...searched } = harness();
      const token = newToken();
      const long = `${'𠮷 lorem '.repeat(CONTENT_CHARACTERS_MAX / 8 - 10)}needle 終`;
      await given(documentsOf(token, ['short', long, `${'w'.repeat(CONTENT_CHARACTERS_MAX - 6)}needle`]));
      expect(await found(searched, token, 'needle')).toEqual([2, 3]);
      expect(await found(searched, token, '終')).toEqual([2]);
      expect(await found(searched, token, '"lorem needle"')).toEqual([2]);
      expect(await found(searched, token, 'wwneedle')).toEqual([3]);
    });
  });
}
