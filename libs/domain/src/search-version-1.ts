/**
 * Version 1 of folding texts for search (the present one is search-fold.ts). Indices of version 1 are written and
 * searched with it until they are replaced. The next release drops it.
 *
 * Removed: case, compatibility forms (full width, ligatures), accents of Latin, Greek and Cyrillic letters, and the
 * letters below that Unicode does not decompose. Kept: the marks of other scripts (a Japanese が is not か). Punctuation,
 * spaces and control characters separate words; symbols (emoji, +, $) belong to words.
 */
import { withoutExcess } from './search-fold.ts';
import { queryOf, type SearchQuery } from './search-query.ts';

const LETTERS: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  ħ: 'h',
  ı: 'i',
  ł: 'l',
  þ: 'th',
  ŧ: 't',
  ς: 'σ',
};
const LETTERS_PATTERN = new RegExp(`[${Object.keys(LETTERS).join('')}]`, 'gu');
const ASCII = /^[\x00-\x7f]*$/;
const COMBINING = /[\u0300-\u036f]/g;
const SEPARATORS = /[\p{P}\p{Z}\p{C}]+/gu;

/** The folded words of a text, with one space between them and none around: `Crème-Brûlée!` becomes `creme brulee`. */
export function foldTextV1(text: string): string {
  const folded = ASCII.test(text)
    ? text.toLowerCase()
    : withoutExcess(text)
        .normalize('NFKD')
        .toLowerCase()
        .normalize('NFKD')
        .replace(COMBINING, '')
        .replace(LETTERS_PATTERN, (letter) => LETTERS[letter] ?? letter)
        .normalize('NFC');
  return folded.replace(SEPARATORS, ' ').trim();
}

/** Parses a query for a search index of version 1. A query of punctuation alone finds nothing there. */
export function parseQueryV1(query: string): SearchQuery {
  const terms = [...query.matchAll(/"([^"]*)"|([^\s"]+)/gu)].map(([, quoted, bare]) =>
    foldTextV1(quoted ?? bare ?? ''),
  );
  return queryOf(foldTextV1(query), terms);
}
