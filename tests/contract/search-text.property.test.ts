import { expect, test } from 'bun:test';
import {
  foldText,
  foldWords,
  HIGHLIGHTS_MAX,
  highlightsOf,
  matches,
  parseQuery,
  rankOf,
  SEARCH_RANK,
} from '@parley/domain';
import fc from 'fast-check';

/**
 * Ranges of code points that are difficult to fold (normalise for the search). Random ones would mostly be Chinese or
 * unassigned.
 */
const DIFFICULT = [
  [0x20, 0x7f],
  [0xa0, 0x24f],
  [0x300, 0x52f],
  [0x5b0, 0x6ff],
  [0x1100, 0x11ff],
  [0x1e00, 0x20ff],
  [0x3000, 0x318f],
  [0xac00, 0xac40],
  [0xfb00, 0xfb4f],
  [0xff00, 0xffef],
  [0x1f3fb, 0x1f64f],
] as const;
const character = fc.oneof(
  ...DIFFICULT.map(([min, max]) => fc.integer({ min, max }).map((code) => String.fromCodePoint(code))),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
);
const anyText = fc.string({ unit: character, maxLength: 30 });
const RUNS = { numRuns: 5_000 };

test('folding a folded text changes nothing', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(foldText(foldText(text))).toBe(foldText(text));
    }),
    RUNS,
  );
});

test('a folded text has single spaces between words, none around them, and no invisible characters', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const words = foldWords(text);
      expect(words).toMatch(
        /^(?:[[^\s\p{Cc}\p{Cf}\p{Cs}\p{DI}\p{P}][#@]]+(?: [[^\s\p{Cc}\p{Cf}\p{Cs}\p{DI}\p{P}][#@]]+)*)?$/v,
      );
      const marks = foldText(text).slice(words.length).trimStart();
      expect(marks).toMatch(/^(?:[\p{P}--[#@]]+(?: [\p{P}--[#@]]+)*)?$/v);
      expect(new Set(marks.split(' ')).size).toBe(marks.split(' ').length);
    }),
    RUNS,
  );
});

test('invisible characters change nothing, wherever they are', () => {
  const invisible = fc.constantFrom(
    '\u00ad',
    '\u200b',
    '\u200d',
    '\u2060',
    '\ufeff',
    '\ufe0f',
    '\u{e0020}',
    '\u034f',
    '\u061c',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(character, invisible), { maxLength: 30 }), (characters) => {
      const seen = characters.filter((one) => !/^\p{DI}$/u.test(one));
      // Hangul letters must compose even if invisible characters stand between them.
      expect(foldText(characters.join(''))).toBe(foldText(seen.join('')));
    }),
    RUNS,
  );
});

test('a text folds to the same result in every normal form', () => {
  fc.assert(
    fc.property(anyText, fc.constantFrom('NFC', 'NFD', 'NFKC', 'NFKD'), (text, form) => {
      // NFKC and NFKD turn single Korean letters into other letters, so such texts are skipped.
      fc.pre(!(form.startsWith('NFK') && /[\u3131-\u318e\uffa0-\uffdc]/.test(text)));
      expect(foldText(text.normalize(form))).toBe(foldText(text));
    }),
    RUNS,
  );
});

/** All characters that a query takes for quotation marks. */
const QUOTES = /["“”„‟«»＂〝〞〟❝❞]/g;

test('a text that is used as the query is found as a phrase', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const rank = rankOf(foldText(text), parseQuery(text.replaceAll(QUOTES, foldWords(text) === '' ? '$&' : ' ')));
      expect(rank).toBe(foldText(text) === '' ? undefined : SEARCH_RANK.phrase);
    }),
    RUNS,
  );
});

test('a text in quotes becomes one term', () => {
  fc.assert(
    fc.property(anyText, fc.constantFrom('""', '“”', '«»', '„“'), (text, [open, close]) => {
      const bare = text.replaceAll(QUOTES, '');
      const folded = foldWords(bare);
      const { terms } = parseQuery(`${open}${bare}${close}`);
      if (folded !== '') expect(terms).toEqual([folded]);
    }),
    RUNS,
  );
});

test('the terms of a query are not empty and not repeated, and the longest come first', () => {
  fc.assert(
    fc.property(anyText, (query) => {
      const { terms } = parseQuery(query);
      expect(terms.every((term) => term !== '')).toBe(true);
      expect(new Set(terms).size).toBe(terms.length);
      expect(terms.map(({ length }) => length)).toEqual(terms.map(({ length }) => length).sort((a, b) => b - a));
    }),
    RUNS,
  );
});

/** A text, and a query with parts of it: words, pieces of words and phrases, some in other forms. */
const textAndQuery = anyText.chain((text) =>
  fc.tuple(
    fc.constant(text),
    fc
      .array(
        fc
          .tuple(fc.nat(), fc.nat({ max: 6 }), fc.boolean(), fc.constantFrom('NFC', 'NFD'))
          .map(([at, length, quoted, form]) => {
            const characters = [...text];
            const start = at % Math.max(1, characters.length);
            const part = characters
              .slice(start, start + length)
              .join('')
              .normalize(form)
              .replaceAll(QUOTES, ' ');
            return quoted ? `"${part}"` : part;
          }),
        { minLength: 1, maxLength: 3 },
      )
      .map((parts) => parts.join(' ')),
  ),
);

test('a highlight has a term of the query, highlights are in order and apart, and a text without match has none', () => {
  let highlighted = 0;
  fc.assert(
    fc.property(textAndQuery, ([text, asked]) => {
      const query = parseQuery(asked);
      const ranges = highlightsOf(text, query);
      if (ranges.length > 0) highlighted += 1;
      if (!matches(foldText(text), query)) expect(ranges).toEqual([]);
      expect(ranges.length).toBeLessThanOrEqual(HIGHLIGHTS_MAX);
      let before = -1;
      for (const [start, end] of ranges) {
        expect(start).toBeGreaterThan(before);
        expect(end).toBeGreaterThan(start);
        before = end;
        const part = foldText([...text].slice(start, end).join(''));
        expect({ part, terms: query.terms, has: query.terms.some((term) => part.includes(term)) }).toMatchObject({
          has: true,
        });
      }
      expect(before).toBeLessThanOrEqual([...text].length);
    }),
    RUNS,
  );
  expect(highlighted).toBeGreaterThan(RUNS.numRuns / 10);
});

test('a text that matches has a highlight for each term', () => {
  fc.assert(
    fc.property(textAndQuery, ([text, asked]) => {
      const query = parseQuery(asked);
      fc.pre(matches(foldText(text), query));
      const parts = highlightsOf(text, query).map(([start, end]) => foldText([...text].slice(start, end).join('')));
      expect({ text, terms: query.terms.filter((term) => !parts.some((part) => part.includes(term))) }).toEqual({
        text,
        terms: [],
      });
    }),
    RUNS,
  );
});
