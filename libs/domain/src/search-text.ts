/**
 * How texts are made comparable, once and the same for what is stored in an index and for what is asked of it, so that
 * every search index behaves alike, whatever analyzers it has.
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
export function foldText(text: string): string {
  const folded = ASCII.test(text)
    ? text.toLowerCase()
    : text
        .normalize('NFKD')
        .toLowerCase()
        .normalize('NFKD')
        .replace(COMBINING, '')
        .replace(LETTERS_PATTERN, (letter) => LETTERS[letter] ?? letter)
        .normalize('NFC');
  return folded.replace(SEPARATORS, ' ').trim();
}

/**
 * A query as it is asked of an index. `phrase` is the whole query folded; `terms` are what must all occur, each a folded
 * word or a phrase of several (in quotes, or joined by punctuation as in `don't`), without repetitions, longest first.
 */
export interface SearchTerms {
  readonly phrase: string;
  readonly terms: readonly string[];
}

export function parseQuery(query: string): SearchTerms {
  const terms = new Set<string>();
  for (const [, quoted, bare] of query.matchAll(/"([^"]*)"|([^\s"]+)/gu)) {
    const term = foldText(quoted ?? bare ?? '');
    if (term !== '') terms.add(term);
  }
  const byLength = [...terms].sort((a, b) => b.length - a.length);
  return { phrase: foldText(query), terms: byLength };
}
