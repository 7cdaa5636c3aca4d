import { describe, expect, test } from 'bun:test';
import { HIGHLIGHTS_MAX, highlightsOf } from './search-highlight.ts';
import { parseQuery } from './search-query.ts';

/** The text with its highlights in brackets. */
function marked(text: string, query: string): string {
  const characters = [...text];
  for (const [start, end] of highlightsOf(text, parseQuery(query)).toReversed()) {
    characters.splice(end, 0, ']');
    characters.splice(start, 0, '[');
  }
  return characters.join('');
}

describe('a highlight is where a term is found', () => {
  for (const [query, expected] of [
    ['red', 'A [Red] car, infra[red]'],
    ['red car', 'the [car] is [red]'],
    ['"red car"', 'red, a [RED  car]!'],
    ["don't", 'I [don’t], they [DON T]'],
    ['creme', 'une [Crème], [cre\u0300me]s'],
    ['cafe', 'a [cafe\u0301] here'],
    ['が', 'か[か\u3099]か'],
    ['strasse', 'die [Straße] 1'],
    ['f', 'a [ﬁ]ne [f]low'],
    ['C#', '[C#] not c'],
    ['🎉', 'party 🍕[🎉🎉]'],
    ['car', '🎉🎉 [car]'],
    ['京大', '北[京大]学'],
    ['ガ', '[ガ]ラス [ｶﾞ]ﾗｽ'],
    ['안녕', '[안녕]하세요 [안녕]'.normalize('NFD')],
    ['محمد', '[مُحَمَّد]'],
    ['supercali', '[super\u00adcali]fragi'],
    ['???', 'what[???] no?'],
    [':)', 'a [:)] b'],
    ['…', 'well[...] x'],
    ['ha', '[haha] o[ha]'],
    ['zz', 'nothing here'],
    ['red zz', 'red alone'],
  ] as const) {
    test(`${query} in ${expected}`, () => {
      const text = expected.replaceAll('[', '').replaceAll(']', '');
      expect(marked(text, query)).toBe(expected);
    });
  }
});

test('a text has a limited number of highlights, the first ones', () => {
  const ranges = highlightsOf('red '.repeat(2_500), parseQuery('red e'));
  expect(ranges).toHaveLength(HIGHLIGHTS_MAX);
  expect(ranges.slice(0, 2)).toEqual([
    [0, 3],
    [4, 7],
  ]);
});

test('the longest texts and queries are highlighted in bounded work', () => {
  const words = Array.from({ length: 500 }, (_, index) => String.fromCodePoint(0x4e00 + index));
  const query = parseQuery(words.join(' '));
  const started = performance.now();
  for (const text of [
    `${words.join(' ')} `.repeat(10),
    'ﷺ'.repeat(10_000),
    Array.from({ length: 5_000 }, (_, index) => `${String.fromCodePoint(0x4e00 + index)}\u3099`).join(''),
    `a${'\u0301\u0323'.repeat(4_999)}`,
  ])
    highlightsOf(text, query);
  expect(performance.now() - started).toBeLessThan(2_000);
});
