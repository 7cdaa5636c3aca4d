import { describe, expect, test } from 'bun:test';
import { newToken, SEARCH_RANK } from '@parley/domain';
import { opened } from './open-harness.ts';
import { documentsOf, found, foundByPages, type SearchHarness } from './search-index.contract.ts';

/** Messages 1 to 9 for the query `red car`: two for each way to match, in mixed order, and one without match. */
const CLASSES = [
  'a scar and a red dot', // message 1: parts of words, because `car` is only part of one
  'infrared scar', // message 2: parts of words
  'a red car', // message 3: phrase
  'redder carpets', // message 4: beginnings of words
  'car, then red', // message 5: whole words
  'the Red CAR!', // message 6: phrase
  'reds and cars', // message 7: beginnings of words
  'red or blue car', // message 8: whole words
  'red only', // message 9: no match
];

export function searchOrderContract(name: string, open: () => Promise<SearchHarness>): void {
  describe(`${name} search, order and pages`, () => {
    const harness = opened(open);

    test('ranks phrases, then words, then beginnings of words, then parts, and within a class the newer first', async () => {
      const { given, ...searched } = harness();
      const token = newToken();
      await given(documentsOf(token, CLASSES));
      expect(await found(searched, token, 'red car')).toEqual([6, 3, 8, 5, 7, 4, 2, 1]);
    });

    test('ranks the hits of one word: whole, beginning, part', async () => {
      const { given, ...searched } = harness();
      const token = newToken();
      await given(documentsOf(token, ['cat', 'concat', 'catalog', 'a cat', 'bobcat', 'category', 'CAT!']));
      expect(await found(searched, token, 'cat')).toEqual([7, 4, 1, 6, 3, 5, 2]);
    });

    test('ranks the hits of a one-character word in the same way', async () => {
      const { given, ...searched } = harness();
      const token = newToken();
      await given(documentsOf(token, ['x', 'axe', 'xenon', 'x y']));
      expect(await found(searched, token, 'x')).toEqual([4, 1, 3, 2]);
    });

    test('the length of a text and how often it has the word do not change the order within a class', async () => {
      const { given, ...searched } = harness();
      const token = newToken();
      const filler = 'lorem ipsum '.repeat(200);
      await given(documentsOf(token, ['tea tea tea tea', `${filler} tea ${filler}`, 'tea', 'more tea']));
      expect(await found(searched, token, 'tea')).toEqual([4, 3, 2, 1]);
    });

    test('orders 150 equal hits by falling number, whatever order they were indexed in', async () => {
      const { given, ...searched } = harness();
      const token = newToken();
      const documents = documentsOf(token, Array(150).fill('same text'));
      await given(documents.slice(0, 1));
      await given([...documents.slice(75), ...documents.slice(1, 75)]);
      const numbers = await found(searched, token, 'same');
      expect(numbers).toEqual(Array.from({ length: 150 }, (_, position) => 150 - position));
    });

    for (const limit of [1, 2, 3, 5, 8, 9]) {
      test(`pages of ${limit} have every hit once, in the same order as one page`, async () => {
        const { given, ...searched } = harness();
        const token = newToken();
        await given(documentsOf(token, CLASSES));
        const inOne = await found(searched, token, 'red car');
        expect(await foundByPages(searched, { token, query: 'red car', limit })).toEqual(inOne);
      });
    }

    test('every page but the last is full, and the last has no next position', async () => {
      const { given, ...searched } = harness();
      const token = newToken();
      await given(documentsOf(token, Array(10).fill('tick')));
      const sizes: [number, boolean][] = [];
      await foundByPages(searched, { token, query: 'tick', limit: 4 }, ({ hits, next }) => {
        sizes.push([hits.length, next !== undefined]);
      });
      expect(sizes).toEqual([
        [4, true],
        [4, true],
        [2, false],
      ]);
      const { index } = searched;
      for (const [limit, more] of [
        [9, true],
        [10, false],
        [11, false],
      ] as const) {
        const page = await index.search({ token, chat: 1, query: 'tick', limit });
        expect([page.hits.length, page.more]).toEqual([Math.min(limit, 10), more]);
      }
    });

    test("the next position is the last hit's number and class", async () => {
      const { given, ...searched } = harness();
      const token = newToken();
      await given(documentsOf(token, CLASSES));
      const positions = new Map<number, number>();
      await foundByPages(searched, { token, query: 'red car', limit: 1 }, ({ next }) => {
        if (next !== undefined) positions.set(next.number, next.rank);
      });
      const { phrase, words, prefixes } = SEARCH_RANK;
      const expected = [
        [6, phrase],
        [3, phrase],
        [8, words],
        [5, words],
        [7, prefixes],
        [4, prefixes],
      ] as const;
      for (const [number, rank] of expected) expect([number, positions.get(number)]).toEqual([number, rank]);
    });

    test('a message created between two pages makes no other hit lost or repeated', async () => {
      const { given, ...searched } = harness();
      const token = newToken();
      const documents = documentsOf(token, Array(12).fill('news'));
      await given(documents.slice(0, 9));
      const rest = [documents.slice(9, 11), documents.slice(11)];
      const numbers = await foundByPages(searched, { token, query: 'news', limit: 3 }, async () => {
        const next = rest.shift();
        if (next !== undefined) await given(next);
      });
      expect(numbers).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1]);
    });
  });
}
