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
    text: '안녕하세요 세계, 서울에서 만나요',
    by: ['안녕', '안녕하세요', '세계', '서울', '서울에서', '만', '나요', '세계 안녕'],
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
    by: ['🎉', '🍕', '🎉🎉', 'party 🍕', '❤️', '👍', '👍🏽', '"with 🍕"'],
    notBy: ['🚀', '🍔'],
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
        const { index, given } = harness();
        const token = newToken();
        await given(documentsOf(token, [text, 'something else']));
        const missed: string[] = [];
        for (const query of by) if (!(await found(index, token, query)).includes(1)) missed.push(query);
        const mistaken: string[] = [];
        for (const query of notBy) if ((await found(index, token, query)).length > 0) mistaken.push(query);
        expect({ missed, mistaken }).toEqual({ missed: [], mistaken: [] });
      });
    }

    test('answers the text as it was written, not as it was made comparable', async () => {
      const { index, given } = harness();
      const token = newToken();
      const text = '  Crème\n BRÛLÉE! “Ｆｕｌｌ” 👩‍👩‍👧‍👦 ';
      await given(documentsOf(token, [text]));
      expect(await hitsOf(index, token, 'creme')).toEqual([{ number: 1, content: text }]);
    });

    test('finds nothing by a query of only spaces, punctuation or nothing', async () => {
      const { index, given } = harness();
      const token = newToken();
      await given(documentsOf(token, ['one two, three...', '!!! ??? ...', '   ', '" "']));
      for (const query of [
        '',
        ' ',
        '\n\t',
        '...',
        '!!!',
        '""',
        '"',
        '" "',
        '"..." -',
        '\u3000',
        '、。',
        '\u0000',
        '()[]{}',
      ]) {
        expect({ query, page: await index.search({ token, chat: 1, query, limit: 10 }) }).toEqual({
          query,
          page: { hits: [] },
        });
      }
    });

    test("takes operators and brackets of anybody's query language for plain text", async () => {
      const { index, given } = harness();
      const token = newToken();
      await given(documentsOf(token, ['a fox here', 'nothing']));
      for (const query of HARMLESS) {
        expect({ query, nothing: (await found(index, token, query)).includes(2) }).toEqual({ query, nothing: false });
      }
      expect(await found(index, token, 'fox OR nothing')).toEqual([]);
      expect(await found(index, token, 'fox*')).toEqual([1]);
      expect(await found(index, token, '-fox')).toEqual([1]);
      expect(await found(index, token, '(fox')).toEqual([1]);
      expect(await found(index, token, 'content:fox')).toEqual([]);
    });

    test('answers a query of the greatest length, of one word or of 500', async () => {
      const { index, given } = harness();
      const token = newToken();
      const word = 'x'.repeat(SEARCH_QUERY_CHARACTERS_MAX);
      const letters = Array.from({ length: 500 }, (_, index) => String.fromCodePoint(0x4e00 + index));
      const emoji = '🎉'.repeat(SEARCH_QUERY_CHARACTERS_MAX);
      await given(documentsOf(token, [`a ${word} b`, letters.join(' '), letters.slice(1).join(' '), emoji]));
      expect(await found(index, token, word)).toEqual([1]);
      expect(await found(index, token, letters.join(' ').slice(0, SEARCH_QUERY_CHARACTERS_MAX))).toEqual([2]);
      expect(await found(index, token, letters.slice(0, 499).reverse().join(' '))).toEqual([2]);
      expect(await found(index, token, emoji)).toEqual([4]);
      expect(await found(index, token, 'a '.repeat(500))).toEqual([1]);
    });

    test('answers a query of 500 quotation marks or of many phrases', async () => {
      const { index, given } = harness();
      const token = newToken();
      const words = Array.from({ length: 80 }, (_, index) => `word${index}`);
      await given(documentsOf(token, [words.join(' ')]));
      const phrases = words.slice(1).map((word, index) => `"${words[index]} ${word}"`);
      expect(await found(index, token, phrases.slice(0, 50).join(' '))).toEqual([1]);
      expect(await found(index, token, '"'.repeat(500))).toEqual([]);
    });

    test('finds what stands at the very end of the longest message', async () => {
      const { index, given } = harness();
      const token = newToken();
      const long = `${'𠮷 lorem '.repeat(CONTENT_CHARACTERS_MAX / 8 - 10)}needle 終`;
      await given(documentsOf(token, ['short', long, `${'w'.repeat(CONTENT_CHARACTERS_MAX - 6)}needle`]));
      expect(await found(index, token, 'needle')).toEqual([2, 3]);
      expect(await found(index, token, '終')).toEqual([2]);
      expect(await found(index, token, '"lorem needle"')).toEqual([2]);
      expect(await found(index, token, 'wwneedle')).toEqual([3]);
    });
  });
}
