import { describe, expect, test } from 'bun:test';
import { foldText } from './search-fold.ts';
import { isRepetitive, parseQuery, rankOf, SEARCH_RANK } from './search-query.ts';

describe('a query is parsed', () => {
  for (const [query, phrase, terms] of [
    ['', '', []],
    [' \n ', '', []],
    ['... "" " " ...', '... "" "', ['...', '""', '"']],
    ['\u200b \u00ad', '', []],
    ['???', '???', ['???']],
    ['"???"', '???', ['???']],
    [' “:) !” ', ':) !', [':)', '!']],
    ['"', '"', ['"']],
    ['""', '""', ['""']],
    ['" "', '"', ['"']],
    [':) ! :)', ':) !', [':)', '!']],
    ['what???', 'what', ['what']],
    ['C# !', 'c #', ['c #']],
    ['@bob-smith', '@ bob smith', ['@ bob smith']],
    ['Fox', 'fox', ['fox']],
    ['a quick fox', 'a quick fox', ['quick', 'fox', 'a']],
    ['fox FOX Fóx', 'fox fox fox', ['fox']],
    ['"quick  brown" fox', 'quick brown fox', ['quick brown', 'fox']],
    ['say "quick brown', 'say quick brown', ['quick', 'brown', 'say']],
    ['"a"b"c"', 'a b c', ['a', 'b', 'c']],
    ["don't", 'don t', ['don t']],
    ['foo.bar@example.com', 'foo bar @ example com', ['foo bar @ example com']],
    ['北京　大学', '北京 大学', ['北京', '大学']],
    ['AND OR NOT', 'and or not', ['and', 'not', 'or']],
    [
      '“curly quotes” „low ones“ «mixed" x',
      'curly quotes low ones mixed x',
      ['curly quotes', 'low ones', 'mixed', 'x'],
    ],
  ] as const) {
    test(`${JSON.stringify(query)} asks for ${JSON.stringify(terms)}`, () => {
      const { terms: parsed, forms } = parseQuery(query);
      expect(parsed).toEqual([...terms]);
      expect(forms[0]).toEqual(phrase === '' ? undefined : [` ${phrase} `]);
    });
  }

  test('with every term in it, whatever their number', () => {
    const words = Array.from({ length: 500 }, (_, index) => String.fromCodePoint(0x4e00 + index));
    expect(parseQuery(words.join(' ')).terms).toEqual(words);
  });

  test('in time that grows with its length only', () => {
    const started = performance.now();
    for (const query of ['"'.repeat(100_000), 'a"'.repeat(50_000), '" '.repeat(50_000), '-'.repeat(100_000)])
      parseQuery(query);
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

describe('the forms of a query', () => {
  test('are the phrase, the words, their beginnings and their parts', () => {
    expect(parseQuery('Red car').forms).toEqual([[' red car '], [' red ', ' car '], [' red', ' car'], ['red', 'car']]);
  });

  test('are bounded for each rank, whatever the query, and no character is cut', () => {
    const queries = [
      'a '.repeat(500),
      'x'.repeat(1_000),
      '🎉'.repeat(1_000),
      'a🎉'.repeat(500),
      `"${'ab '.repeat(300)}"`,
      ' ab'.repeat(99),
    ];
    for (const query of queries) {
      const { forms } = parseQuery(query);
      expect(forms).toHaveLength(4);
      for (const list of forms) {
        expect(list.length).toBeGreaterThan(0);
        expect(list.join('').length).toBeLessThanOrEqual(200);
        for (const form of list) expect(form.isWellFormed()).toBe(true);
      }
    }
  });

  test('of a few words are all of them', () => {
    const words = Array.from({ length: 20 }, (_, index) => `word${index}`);
    expect(parseQuery(words.join(' ')).forms[SEARCH_RANK.parts]).toHaveLength(20);
  });
});

describe('a rank', () => {
  const rank = (content: string, query: string) => rankOf(foldText(content), parseQuery(query));

  test('is the best of which a text has all forms', () => {
    const { phrase, words, prefixes, parts } = SEARCH_RANK;
    expect(rank('a red car!', 'red car')).toBe(phrase);
    expect(rank('car, red', 'red car')).toBe(words);
    expect(rank('carpet, redder', 'red car')).toBe(prefixes);
    expect(rank('scar, red', 'red car')).toBe(parts);
    expect(rank('red', 'red car')).toBeUndefined();
    expect(rank('red', '\u200b')).toBeUndefined();
  });

  test('needs every term of a query, also those that do not decide', () => {
    const words = Array.from({ length: 150 }, (_, index) => `word${index}`);
    expect(rank(words.join(' '), words.join(' '))).toBe(SEARCH_RANK.phrase);
    for (const missing of [0, 75, 149]) {
      const others = words.map((word, index) => (index === missing ? 'other' : word));
      expect(rank(others.join(' '), words.join(' '))).toBeUndefined();
    }
  });

  test('of a text that repeats itself is the last', () => {
    expect(rank('ha '.repeat(40), 'ha')).toBe(SEARCH_RANK.phrase);
    expect(rank('ha '.repeat(50), 'ha')).toBe(SEARCH_RANK.parts);
    expect(rank('ha '.repeat(50), 'hx')).toBeUndefined();
  });
});

test('a text repeats itself where one pair is more than a fifth of it, and only where it is long', () => {
  for (const piece of ['a', 'ha', 'lol ', '哈', '🎉', 'abcd']) {
    expect([piece, isRepetitive(piece.repeat(500))]).toEqual([piece, true]);
    expect([piece, isRepetitive(piece.repeat(128 / piece.length))]).toEqual([piece, false]);
  }
  for (const text of ['abcde '.repeat(500), 'where is my parcel, it left on monday '.repeat(100)])
    expect(isRepetitive(text)).toBe(false);
});
