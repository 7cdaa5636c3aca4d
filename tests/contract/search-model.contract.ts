import { describe, expect, test } from 'bun:test';
import { foldText, foldWords, newToken, parseQuery, SEARCH_RANK } from '@parley/domain';
import fc from 'fast-check';
import { opened } from './open-harness.ts';
import { documentsOf, found, foundByPages, type SearchHarness } from './search-index.contract.ts';

const SEED = 20_240_229;
const TEXTS = 120;
const QUERIES = 300;

/** The words of random texts and queries: few and similar, so that queries match whole words and parts of words. */
const WORDS = [
  ...['car', 'Cars', 'scar', 'CARPET', 'red', 'reds', 'infrared', 'a', 'A', 'b', 'ab', 'é', 'ÉA', "don't", 'don', 't'],
  ...[
    '中',
    '中文',
    '文中',
    '中文中',
    'かな',
    'な',
    '한글',
    '글',
    '🎉',
    '🎉🎉',
    'x🎉',
    'ｆｕｌｌ',
    'full',
    '1',
    '12',
    'C++',
    '+',
    'C#',
    '@ab',
    '?',
    '??',
    ':)',
  ],
];

const word = fc.constantFrom(...WORDS);
const text = fc
  .array(fc.tuple(word, fc.constantFrom(' ', '  ', ', ', '. ', '-', '\n', ' (')), { minLength: 1, maxLength: 7 })
  .map((parts) => parts.map(([own, separator]) => own + separator).join(''));
const query = fc
  .array(fc.tuple(fc.array(word, { minLength: 1, maxLength: 3 }), fc.boolean()), { minLength: 1, maxLength: 3 })
  .map((terms) => terms.map(([words, quoted]) => (quoted ? `"${words.join(' ')}"` : words.join(' '))).join(' '));

/** The rank of a text for a query, as the port SearchIndex defines it; undefined if the text does not match. */
function rankOf(content: string, asked: string): number | undefined {
  const folded = ` ${foldText(content)} `;
  const { terms } = parseQuery(asked);
  const phrase = foldWords(asked) || foldText(asked);
  const all = (form: (term: string) => string) => terms.every((term) => folded.includes(form(term)));
  if (terms.length === 0 || !all((term) => term)) return undefined;
  if (folded.includes(` ${phrase} `)) return SEARCH_RANK.phrase;
  if (all((term) => ` ${term} `)) return SEARCH_RANK.words;
  if (all((term) => ` ${term}`)) return SEARCH_RANK.prefixes;
  return SEARCH_RANK.parts;
}

function expected(contents: readonly string[], asked: string): number[] {
  return contents
    .map((content, index) => ({ number: index + 1, rank: rankOf(content, asked) }))
    .flatMap(({ number, rank }) => (rank === undefined ? [] : [{ number, rank }]))
    .sort((a, b) => a.rank - b.rank || b.number - a.number)
    .map(({ number }) => number);
}

export function searchModelContract(name: string, open: () => Promise<SearchHarness>): void {
  describe(`${name} search, against its definition`, () => {
    const harness = opened(open);

    test('finds what the definition finds, in the same order, for hundreds of queries, in one page and in small ones', async () => {
      const { given, ...searched } = harness();
      const token = newToken();
      const contents = fc.sample(text, { numRuns: TEXTS, seed: SEED });
      const queries = fc.sample(query, { numRuns: QUERIES, seed: SEED });
      await given(documentsOf(token, contents));
      const sizes = new Set<boolean>();
      for (const asked of queries) {
        const numbers = expected(contents, asked);
        sizes.add(numbers.length > 0);
        expect({ asked, found: await found(searched, token, asked) }).toEqual({ asked, found: numbers });
        const paged = await foundByPages(searched, { token, query: asked, limit: 7 });
        expect({ asked, paged }).toEqual({ asked, paged: numbers });
      }
      expect(sizes.size).toBe(2); // some queries found something, some nothing
    }, 60_000);
  });
}
