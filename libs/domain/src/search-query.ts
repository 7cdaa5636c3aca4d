import { foldText, foldWords } from './search-fold.ts';

/**
 * How well a message matches, best first: by the whole query, or by all its terms as words, beginnings or parts of
 * words.
 */
export const SEARCH_RANK = { phrase: 0, words: 1, prefixes: 2, parts: 3 } as const;

/**
 * A parsed query.
 * `terms`: a text must have all of them. Each is a folded word, or a phrase of several words (in quotes, or joined by
 * punctuation as in `don't`). No term occurs twice; the longest come first.
 * `forms`: one list for each rank, the best first. A text gets the first rank of whose list it has all forms. In a form
 * a space is the border of a word (a text gets one at both ends): ` red car ` is a phrase of whole words, ` red` the
 * beginning of a word.
 */
export interface SearchQuery {
  readonly terms: readonly string[];
  readonly forms: readonly (readonly string[])[];
}

/**
 * Only this much of a query decides about the rank, in UTF-16 units, because an index limits a query's size: the
 * beginning of each form, and the longest terms up to this length together.
 */
const FORM_LENGTH_MAX = 200;
const DECIDING_LENGTH_MAX = 200;

/** Quotation marks around a phrase: straight, curly, low, of other languages and widths. */
const QUOTES = '"“”„‟«»＂〝〞〟❝❞';
const TERMS = new RegExp(`[${QUOTES}]([^${QUOTES}]*)[${QUOTES}]|([^\\s${QUOTES}]+)`, 'gu');

const QUOTED = new RegExp(`^\\s*[${QUOTES}]([^${QUOTES}]+)[${QUOTES}]\\s*$`, 'u');

/** Parses a query. If it has words, only its words are searched. If it has none, its punctuation is. */
export function parseQuery(text: string): SearchQuery {
  const phrase = foldWords(text);
  if (phrase !== '') return queryOf(phrase, wordTerms(text));
  // Quotation marks around punctuation are not searched for, unless the query has nothing else.
  const marks = foldText(QUOTED.exec(text)?.[1] ?? '') || foldText(text);
  return queryOf(marks, marks.split(' '));
}

function* wordTerms(text: string): Generator<string> {
  for (const [, quoted, bare] of text.matchAll(TERMS)) yield foldWords(quoted ?? bare ?? '');
}

/** Makes a query. `phrase` is its whole text, folded. `found` are its folded terms, in the order of the query. */
export function queryOf(phrase: string, found: Iterable<string>): SearchQuery {
  const terms = [...new Set(found)].filter((term) => term !== '').sort((a, b) => b.length - a.length);
  if (terms.length === 0) return { terms, forms: [] };
  const deciding = decidingOf(terms);
  const forms = [
    [` ${phrase} `],
    deciding.map((term) => ` ${term} `),
    deciding.map((term) => ` ${term}`),
    deciding,
  ].map((list) => list.map(cut));
  return { terms, forms };
}

function decidingOf(terms: readonly string[]): readonly string[] {
  let length = 0;
  const end = terms.findIndex((term) => {
    length += Math.min(term.length + 2, FORM_LENGTH_MAX);
    return length > DECIDING_LENGTH_MAX;
  });
  return end === -1 ? terms : terms.slice(0, end);
}

/** Cuts a form of a SearchQuery to its maximum length, never inside a surrogate pair. */
function cut(form: string): string {
  if (form.length <= FORM_LENGTH_MAX) return form;
  const last = form.codePointAt(FORM_LENGTH_MAX - 1) ?? 0;
  return form.slice(0, last > 0xffff ? FORM_LENGTH_MAX - 1 : FORM_LENGTH_MAX);
}

export function matches(folded: string, { terms }: SearchQuery): boolean {
  return terms.length > 0 && terms.every((term) => folded.includes(term));
}

/**
 * Returns the rank of a folded text, 0 for the best; undefined if it does not match. A repetitive text gets the worst
 * rank: an index would need more time to compare it with long phrases than for all other texts together.
 */
export function rankOf(folded: string, query: SearchQuery): number | undefined {
  if (!matches(folded, query)) return undefined;
  const bordered = ` ${folded} `;
  const rank = query.forms.findIndex((list) => list.every((form) => bordered.includes(form)));
  return rank === SEARCH_RANK.parts || !isRepetitive(folded) ? rank : SEARCH_RANK.parts;
}

/** A text of up to this many UTF-16 units is not repetitive: it is cheap to search. */
const REPETITIVE_LENGTH_MIN = 128;
/**
 * A text is repetitive if one pair of characters exceeds this share of its pairs. In prose the share is a twentieth.
 */
const REPETITIVE_SHARE = 1 / 5;
/**
 * How often each pair of characters occurs in the present text, by the pair's hash; all 0 between calls. Pairs with
 * equal hashes count as one.
 */
const pairCounts = new Uint32Array(0x1_0000);

/** Whether one pair of neighbouring characters (UTF-16 units) makes up more than a fifth of a text, as in `hahaha…`. */
export function isRepetitive(folded: string): boolean {
  if (folded.length <= REPETITIVE_LENGTH_MIN) return false;
  const max = folded.length * REPETITIVE_SHARE;
  let most = 0;
  for (let at = 1; at < folded.length; at += 1) {
    const hash = hashOfPair(folded, at);
    const count = (pairCounts[hash] ?? 0) + 1;
    pairCounts[hash] = count;
    if (count > most) most = count;
  }
  for (let at = 1; at < folded.length; at += 1) pairCounts[hashOfPair(folded, at)] = 0;
  return most > max;
}

/** A hash, of 16 bits, of the character at `at` and the one before. Different pairs of ASCII have different hashes. */
function hashOfPair(text: string, at: number): number {
  return ((text.charCodeAt(at - 1) << 8) ^ (text.charCodeAt(at - 1) >> 8) ^ text.charCodeAt(at)) & 0xffff;
}
