import { describe, expect, test } from 'bun:test';
import { CONTENT_CHARACTERS_MAX, newToken, SEARCH_QUERY_CHARACTERS_MAX } from '@parley/domain';
import { opened } from './open-harness.ts';
import { documentsOf, found, hitsOf, type SearchHarness } from './search-index.contract.ts';

/** What a text is found by and what not. */
interface Case {
  readonly text: string;
  readonly by: readonly string[];
  readonly notBy?: readonly string[];
}

const CASES: Readonly<Record<string, Case>> = {
  'by a word, its beginning and any part of it': {
    text: 'The quick brown fox jumps',
    by: ['quick', 'qui', 'uic', 'ick', 'jumps', 'the', 'x', 'br', 'ow'],
    notBy: ['quack', 'quickly', 'foxes', 'xj'],
  },
  'by several terms in any order, only where it has all of them': {
    text: 'The quick brown fox jumps over the lazy dog',
    by: ['fox quick', 'lazy the', 'do um br', 'dog dog dog', '  fox \t\n lazy  '],
    notBy: ['fox cat', 'quick brown cat', 'fox zz'],
  },
  'by a phrase in quotes, the words together and in order': {
    text: 'The quick brown fox jumps over the lazy dog',
    by: [
      '"quick brown"',
      '"brown fox jumps"',
      '"brown fox" lazy',
      '"quick" "dog"',
      '"ick bro"',
      '"over the" "the quick"',
    ],
    notBy: ['"brown quick"', '"quick fox"', '"brown fox" cat', '"lazy dog jumps"'],
  },
  'whatever punctuation stands in it and in the query': {
    text: "Don't panic: it's well-known (e.g. foo.bar@example.com)!",
    by: [
      "don't",
      'don’t',
      '"don t"',
      'PANIC!',
      'well-known',
      'well known',
      '...foo...',
      'foo.bar',
      'example.com',
      '(e.g.)',
    ],
    notBy: ['dont', 'wellknown', 'bar.foo'],
  },
  'with a quotation mark that is never closed': {
    text: 'The quick brown fox',
    by: ['"quick brown', 'quick"', '"quick', 'brown" quick', '"" quick', '""" fox'],
    notBy: ['"quick cat'],
  },
  'by any case': {
    text: 'Hello WORLD straße İstanbul ΟΔΟΣ Привет',
    by: [
      'hello',
      'HELLO',
      'world',
      'STRASSE',
      'straße',
      'strasse',
      'istanbul',
      'οδος',
      'οδοσ',
      'ΟΔΟΣ',
      'ПРИВЕТ',
      'привет',
    ],
  },
  'with and without accents': {
    text: 'Crème brûlée à la façon de Øystein, Łódź, naïve Æther Ελλάδα',
    by: [
      'creme',
      'crème',
      'cre\u0300me',
      'CREME BRULEE',
      'facon',
      'oystein',
      'lodz',
      'Łódź',
      'naive',
      'aether',
      'ελλαδα',
    ],
  },
  'in full width and in half width': {
    text: 'Ｆｕｌｌ ｗｉｄｔｈ １２３ and half 456 ｶﾀｶﾅ',
    by: ['full', 'WIDTH', '123', '４５６', 'ｈａｌｆ', 'カタカナ', 'ｶﾀ'],
  },
  'by Chinese characters, one or several, without spaces between words': {
    text: '我今天在北京大学学习中文，天气很好。',
    by: ['北京', '北京大学', '学习', '中', '文', '天气很好', '京大', '中文 北京', '"北京大学"', '习中文'],
    notBy: ['上海', '南京', '文中', '学大'],
  },
  'by Japanese words in all scripts': {
    text: '東京タワーへ行きました。ガラスがきれい',
    by: ['東京', 'タワー', '行き', '行きました', 'へ', 'ガラス', 'きれい', 'が'],
    notBy: ['大阪', 'カラス', 'か'],
  },
  'by Korean words and parts of them': {
    text: '안녕하세요 세계, 서울에서 만나요 네ㄳㅋㅋㅠㅠ',
    by: ['ㅠㅠ', 'ㅋㅋ', '네', 'ㄳ', '안녕', '안녕하세요', '세계', '서울', '서울에서', '만', '나요', '세계 안녕'],
    notBy: ['부산', '녕안'],
  },
  'by characters outside the basic plane': {
    text: '𠮷野家で 𝒜 lunch',
    by: ['𠮷', '𠮷野', '𠮷野家', 'lunch'],
    notBy: ['𠮶', '野𠮷'],
  },
  'by words of one and two characters': {
    text: 'a b go 42 é ok x1',
    by: ['a', 'b', 'go', '42', 'e', 'ok', '1', 'x1', 'g', '"a b"', 'ok a', '"go 42"'],
    notBy: ['z', 'bg', '43', '"b a"', '24'],
  },
  'by emoji, alone and beside words': {
    text: 'Party 🎉🎉 with 🍕 at 8 👍🏽 ❤️',
    by: ['🎉', '🍕', '🎉🎉', 'party 🍕', '❤️', '❤', '👍', '👍🏽', '"with 🍕"'],
    notBy: ['🚀', '🍔'],
  },
  'whatever characters it has that nobody sees': {
    text: 'super\u00adcali\u200bfragi\u2060listic \ufeffI \u2764 you\u200d, \u{1f3f4}\u{e0067}\u{e007f} w\u034fo\u180ed',
    by: [
      ...['supercali', 'super\u00adcali', 'calif', 'su\u200dper', 'supercalifragilistic', 'i', '"i ❤ you"', 'you'],
      ...['\u2764\ufe0f', '\u2764\ufe0e', '\u2764', '\u{1f3f4}', 'wod'],
    ],
    notBy: ['"super cali"', '"cali fragi"'],
  },
  'in Arabic, with and without vowel signs and tatweel, and by letters that look alike': {
    text: 'مُحَمَّد كـــتـاب أحمد إلى آخر مدرسة مسؤول ١٢٣ ﻛﻼﻡ ﹷ ٱلله',
    by: [
      ...[
        'محمد',
        'مُحَمَّد',
        'مَحمد',
        'كتاب',
        'كـتاب',
        'احمد',
        'أحمد',
        'الى',
        'إلي',
        'اخر',
        'آخر',
        'مدرسه',
        'مدرسة',
        'مسوول',
      ],
      ...['123', '۱۲۳', '١٢', 'كلام', 'کتاب', 'الله'],
    ],
    notBy: ['محمود', 'كتب', '321'],
  },
  'in Persian, written with Persian or Arabic letters': {
    text: 'کتاب‌های فارسی ۴۵',
    by: ['كتاب', 'کتاب', 'فارسي', 'فارسی', '45', 'کتابهای'],
  },
  'in Hebrew, with and without points': {
    text: 'שָׁלוֹם עוֹלָם צה״ל ג׳ירפה \ufb2aלום',
    by: ['שלום', 'שָׁלוֹם', 'עולם', 'צה"ל', 'צה״ל', "ג'ירפה", 'ג׳'],
    notBy: ['שלוםם'],
  },
  'whatever sign was typed for an apostrophe or for quotation marks': {
    text: 'п\u02bcять don\u2019t l\u00b4eau o\u02bbzbek rock `n\u2019 roll „Alice und Bob“',
    by: [
      ...["п'ять", 'п’ять', 'п\u02bcять', 'пʹять', "don't", 'don`t', 'don´t', "l'eau", "o'zbek", '‘n’'],
      ...['“alice und bob”', '„und bob“', '«alice und»', '"bob"', '“rock n roll”'],
    ],
    notBy: ['“bob und alice”', '«und alice»', "п'ят'ь"],
  },
  'by names that have # or @ in them, and not by what has only the letters': {
    text: 'C# rocks, F# too: ask @bob-smith about #release_2, mail a@b.org',
    by: [
      'C#',
      'c#',
      '#',
      '@',
      '@bob',
      '@bob-smith',
      '#rel',
      '#release',
      'f#',
      'bob',
      'release',
      'c',
      'a@b',
      '＃release',
      'b.org',
    ],
    notBy: ['#bob', '@release', 'a#', '#c', '@c'],
  },
  'by punctuation alone': {
    text: 'What??? :) (yes…) 50% _init_ a/b — “ok” \\o/',
    by: [
      '???',
      '??',
      '?',
      ':)',
      '...',
      '…',
      '(',
      '%',
      '_',
      '/',
      '—',
      '-',
      '"',
      '”',
      '\\',
      '? (',
      '??? :)',
      '???\u200b',
    ],
    notBy: ['????', ';', ':(', '!', '[', '&', '? !'],
  },
  'by characters that Unicode does not know yet, or leaves to others': {
    text: 'logo \ue123 and \u{f8ff}, new \u{1fae9}\u{1c5}\u{38f00}',
    by: ['\ue123', '\u{f8ff}', '\u{1fae9}', '\u{38f00}', '"logo \ue123"'],
    notBy: ['\ue124'],
  },
  'by right-to-left words': {
    text: 'مرحبا بالعالم و שלום עולם',
    by: ['مرحبا', 'العالم', 'שלום', 'עולם', 'ול'],
    notBy: ['وداعا', 'שלוםם'],
  },
  'by numbers, codes and paths': {
    text: 'Order #A-1234 costs $99.95, see /var/log/app_v2.log or C++',
    by: ['1234', 'a-1234', '#A-1234', '$99', '99.95', '/var/log', 'app_v2', 'log', 'c++', '$'],
    notBy: ['4321', '99.96'],
  },
};

// biome-ignore format: a list to be read across
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

    test('answers the text as it was written, not as it was made comparable', async () => {
      const { given, ...searched } = harness();
      const token = newToken();
      const text = '  Crème\n BRÛLÉE! “Ｆｕｌｌ” 👩‍👩‍👧‍👦 ';
      await given(documentsOf(token, [text]));
      expect(await hitsOf(searched, token, 'creme')).toEqual([{ number: 1, content: text }]);
    });

    test('finds nothing by a query of only spaces, what nobody sees, or nothing', async () => {
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

    test('orders punctuation as it orders words: the whole, then its beginning, then a part', async () => {
      const { given, ...searched } = harness();
      const token = newToken();
      await given(documentsOf(token, ['a??', 'b?', 'c!?', 'd', '?!', 'why? really!', '?']));
      expect(await found(searched, token, '?')).toEqual([7, 6, 2, 5, 1, 3]);
    });

    test('finds C# first and no message that only has a c', async () => {
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

    test("takes operators and brackets of anybody's query language for plain text", async () => {
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

    test('answers a query of the greatest length, of one word or of 500', async () => {
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

    test('answers a query of 500 quotation marks or of many phrases', async () => {
      const { given, ...searched } = harness();
      const token = newToken();
      const words = Array.from({ length: 80 }, (_, index) => `word${index}`);
      await given(documentsOf(token, [words.join(' ')]));
      const phrases = words.slice(1).map((word, index) => `"${words[index]} ${word}"`);
      expect(await found(searched, token, phrases.slice(0, 50).join(' '))).toEqual([1]);
      expect(await found(searched, token, '"'.repeat(500))).toEqual([]);
    });

    test('finds what stands at the very end of the longest message', async () => {
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
