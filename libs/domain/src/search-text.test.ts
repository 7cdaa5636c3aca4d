import { describe, expect, test } from 'bun:test';
import { foldText, parseQuery } from './search-text.ts';

describe('a text is folded', () => {
  for (const [text, folded] of [
    ['', ''],
    ['   \n\t ', ''],
    ['!?.,;:()[]{}"\'-_/\\', ''],
    ['Hello, World!', 'hello world'],
    ["Don't", 'don t'],
    ['Crème-Brûlée!', 'creme brulee'],
    ['cre\u0300me', 'creme'],
    ['STRASSE straße', 'strasse strasse'],
    ['Æther Œuvre Øre Đà Łódź Þing', 'aether oeuvre ore da lodz thing'],
    ['İstanbul ısı', 'istanbul isi'],
    ['ΟΔΟΣ οδός', 'οδοσ οδοσ'],
    ['Ёлка Йод', 'елка иод'],
    ['ＦＵＬＬ ｗｉｄｔｈ　１２３', 'full width 123'],
    ['ﬁne ﬂow №1 ㎏', 'fine flow no1 kg'],
    ['ｶﾞﾗｽ ガラス が', 'ガラス ガラス が'],
    ['\u1112\u1161\u11ab글', '한글'],
    ['漢字、かな。', '漢字 かな'],
    ['שָׁלוֹם', 'שָׁלוֹם'.normalize('NFKD').normalize('NFC')],
    ['a\u200bb a\u00adb', 'a b a b'],
    ['a\u0000b\u0007c', 'a b c'],
    ['C++ $5 #tag @me 50%', 'c++ $5 tag me 50'],
    ['🎉 party🎉', '🎉 party🎉'],
    ['a\ud800b', 'a b'],
    ['snake_case kebab-case', 'snake case kebab case'],
  ] as const) {
    test(`${JSON.stringify(text)} is ${JSON.stringify(folded)}`, () => {
      expect(foldText(text)).toBe(folded);
    });
  }

  test('alike, whether its accents are composed or not', () => {
    const text = 'Ünïcödé ñ Å ﷺ ｶﾞ 한글 Й Ώ';
    for (const form of ['NFC', 'NFD', 'NFKC', 'NFKD'] as const) {
      expect(foldText(text.normalize(form))).toBe(foldText(text));
    }
  });

  test('to the same whether all of it is ASCII or not', () => {
    const ascii = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)).join('a');
    expect(foldText(`${ascii} é`)).toBe(`${foldText(ascii)} e`);
  });
});

describe('a query is parsed', () => {
  for (const [query, phrase, terms] of [
    ['', '', []],
    [' \n ', '', []],
    ['... "" " "', '', []],
    ['Fox', 'fox', ['fox']],
    ['a quick fox', 'a quick fox', ['quick', 'fox', 'a']],
    ['fox FOX Fóx', 'fox fox fox', ['fox']],
    ['"quick  brown" fox', 'quick brown fox', ['quick brown', 'fox']],
    ['say "quick brown', 'say quick brown', ['quick', 'brown', 'say']],
    ['"a"b"c"', 'a b c', ['a', 'b', 'c']],
    ["don't", 'don t', ['don t']],
    ['foo.bar@example.com', 'foo bar example com', ['foo bar example com']],
    ['北京　大学', '北京 大学', ['北京', '大学']],
    ['AND OR NOT', 'and or not', ['and', 'not', 'or']],
    ['“curly quotes”', 'curly quotes', ['quotes', 'curly']],
  ] as const) {
    test(`${JSON.stringify(query)} asks for ${JSON.stringify(terms)}`, () => {
      expect(parseQuery(query)).toEqual({ phrase, terms: [...terms] });
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
