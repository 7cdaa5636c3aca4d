import { withoutExcess } from './search-fold.ts';
import { queryOf, type SearchQuery } from './search-query.ts';

/**
 * How texts were folded before (see search-fold.ts): for indices of that version, which are written and asked until they
 * are built anew. The next release goes without.
 *
 * Folded away: case, compatibility forms (full width, ligatures), accents of Latin, Greek and Cyrillic letters, and the
 * letters below that Unicode does not decompose. Kept: the marks of other scripts (a Japanese が is not か).
 * Punctuation, spaces and control characters separate words; symbols (emoji, +, $) belong to words.
 */
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

/** The text as words in their folded form, one space between them, none around: `Crème-Brûlée!` is `creme brulee`. */
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

/** The query as an index of version 1 is asked; a query of punctuation alone finds nothing there. */
export function parseQueryV1(query: string): SearchQuery {
  const terms = [...query.matchAll(/"([^"]*)"|([^\s"]+)/gu)].map(([, quoted, bare]) =>
    foldTextV1(quoted ?? bare ?? ''),
  );
  return queryOf(foldTextV1(query), terms);
}
