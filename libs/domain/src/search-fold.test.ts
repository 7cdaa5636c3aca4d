import { describe, expect, test } from 'bun:test';
import { foldText, foldWords } from './search-fold.ts';

describe('a text is folded', () => {
  for (const [text, folded] of [
    ['', ''],
    ['   \n\t ', ''],
    ['!?.,;:()[]{}"\'-_/\\', '!?.,;:()[]{}"\'-_/\\'],
    ['Hello, World!', 'hello world , !'],
    ['no. No... no. no?!', 'no no no no . ... ?!'],
    ["Don't", "don t '"],
    ['Crème-Brûlée!', 'creme brulee - !'],
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
    ['漢字、かな。', '漢字 かな 、 。'],
    ['שָׁלוֹם \ufb2a', 'שלום ש'],
    ['a\u200bb a\u00adb a\u200db\ufe0f', 'ab ab ab'],
    ['\u115f\u3164\u{e0041}', ''],
    ['a\u0000b\u0007c', 'a b c'],
    ['C++ $5 #tag @me 50%', 'c++ $5 # tag @ me 50 %'],
    ['C# a@b.c ＃x ##', 'c # a @ b c # x # # .'],
    ['🎉 party🎉', '🎉 party🎉'],
    ['a\ud800b', 'a b'],
    ['snake_case kebab-case', 'snake case kebab case _ -'],
    ['п\u02bcять п’ять п`ять п´ять п＇ять', "п ять п ять п ять п ять п ять '"],
    ['“a” «b» „c‟ ＂d＂', 'a b c d "'],
    ['a—b a–b a‐b a−b', 'a b a b a b a b -'],
    ['مُحَمَّدٌ كـــتـاب ﻣﺤﻤﺪ ﹷ', 'محمد كتاب محمد'],
    ['أحمد إلى آخر ٱلله مؤمن سئل', 'احمد الي اخر الله مومن سيل'],
    ['مدرسة ی ک ہ ۀ', 'مدرسه ي ك ه ه'],
    ['١٢٣ ۴۵۶ १२ ๓ 𝟗 ①', '123 456 12 3 9 1'],
    ['1\ufe0f\u20e3 ❤\ufe0f', '1 ❤'],
    ['か\u200d\u3099', 'が'],
    ['ㅋㅋㅠㅠ 네ㄳ 안녕', 'ㅋㅋㅠㅠ 네ㄳ 안녕'],
    ['👍🏽 👩🏽\u200d💻', '👍 👩💻'],
    ['❝red car❞ it❜s', 'red car it s " \''],
    ['ھ ڪ װ ؟؟ ½ 〜～', 'ه ك וו 1 2 ~~ ?? /'],
    ['\ue000\u{f8ff} \u{38f00} \u0378', '\ue000\u{f8ff} \u{38f00} \u0378'],
    ['¯\\_(ツ)_/¯', 'ツ -\\_( )_/-'],
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
    expect(foldWords(`${ascii} é`)).toBe(`${foldWords(ascii)} e`);
    expect(foldText(`é ${ascii}`)).toBe(`e ${foldText(ascii)}`);
  });
});

test('a text of the greatest length that is dear to normalize is folded in bounded work', () => {
  const base = 'e'.repeat(9_000);
  // Accents of two classes in turn, a thousand in a row: a normalizer would have to sort all of them.
  expect(foldText(`${base}${'\u0301\u0323'.repeat(500)}x`)).toBe(`${base}x`);
  expect(foldText('ﷺ'.repeat(10_000)).length).toBeLessThanOrEqual(50_000);
  expect(foldText('한'.repeat(10_000))).toBe('한'.repeat(10_000));
});
