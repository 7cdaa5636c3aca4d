import { expect, test } from 'bun:test';
import { foldText, parseQuery } from '@parley/domain';
import fc from 'fast-check';

/** Of all code points most are Chinese or nothing; what is difficult is dense in these ranges. */
const DIFFICULT = [
  [0x20, 0x7f],
  [0xa0, 0x24f],
  [0x300, 0x52f],
  [0x5b0, 0x6ff],
  [0x1100, 0x11ff],
  [0x1e00, 0x20ff],
  [0x3000, 0x30ff],
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

test('a folded text has single spaces between words, none around, and no control characters', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(foldText(text)).toMatch(/^(?:[^\s\p{C}\p{P}]+(?: [^\s\p{C}\p{P}]+)*)?$/u);
    }),
    RUNS,
  );
});

test('a text is folded alike in every normal form', () => {
  fc.assert(
    fc.property(anyText, fc.constantFrom('NFC', 'NFD', 'NFKC', 'NFKD'), (text, form) => {
      expect(foldText(text.normalize(form))).toBe(foldText(text));
    }),
    RUNS,
  );
});

test('a text without quotation marks is found by itself as a query', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const query = text.replaceAll('"', ' ');
      const { phrase, terms } = parseQuery(query);
      const folded = foldText(query);
      expect(phrase).toBe(folded);
      expect(terms.length > 0).toBe(folded !== '');
      for (const term of terms) expect(` ${folded} `).toContain(` ${term} `);
    }),
    RUNS,
  );
});

test('a text in quotes asks for the whole of it', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const folded = foldText(text.replaceAll('"', ''));
      const { terms } = parseQuery(`"${text.replaceAll('"', '')}"`);
      expect(terms).toEqual(folded === '' ? [] : [folded]);
    }),
    RUNS,
  );
});

test('the terms of a query are not empty, not repeated, and the longest come first', () => {
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
