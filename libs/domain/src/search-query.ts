import { foldText, foldWords } from './search-fold.ts';

/** The classes by which hits are ordered. */
export const SEARCH_RANK = { phrase: 0, words: 1, prefixes: 2, parts: 3 } as const;

/**
 * A query as it is asked of an index. `terms` are what a text must have, each a folded word or a phrase of several (in
 * quotes, or joined by punctuation as in `don't`), without repetitions, longest first.
 * `forms` decide the rank, one list for each: a text has the best rank of which it holds all forms. In a form and in the
 * text that it is looked for in, a space is the border of a word, so ` red car ` is a phrase of whole words, ` red` the
 * beginning of a word.
 */
export interface SearchQuery {
  readonly terms: readonly string[];
  readonly forms: readonly (readonly string[])[];
}

/** Of a long form only the beginning decides, in UTF-16 units, and of many terms the longest: an index bounds a query. */
const FORM_LENGTH_MAX = 200;
const DECIDING_LENGTH_MAX = 200;

/** Quotation marks for a phrase, straight, curly, low, of other languages and widths. */
const QUOTES = '"“”„‟«»＂〝〞〟❝❞';
const TERMS = new RegExp(`[${QUOTES}]([^${QUOTES}]*)[${QUOTES}]|([^\\s${QUOTES}]+)`, 'gu');

const QUOTED = new RegExp(`^\\s*[${QUOTES}]([^${QUOTES}]+)[${QUOTES}]\\s*$`, 'u');

/** A query without any word asks for its punctuation; one with words asks for these alone. */
export function parseQuery(text: string): SearchQuery {
  const phrase = foldWords(text);
  if (phrase !== '') return queryOf(phrase, wordTerms(text));
  // Quotation marks around punctuation are no part of what is looked for, unless there is nothing between them.
  const marks = foldText(QUOTED.exec(text)?.[1] ?? '') || foldText(text);
  return queryOf(marks, marks.split(' '));
}

function* wordTerms(text: string): Generator<string> {
  for (const [, quoted, bare] of text.matchAll(TERMS)) yield foldWords(quoted ?? bare ?? '');
}

/** `phrase` is the whole query folded, `found` are its terms as they come. */
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

/** A surrogate pair is never cut. */
function cut(form: string): string {
  if (form.length <= FORM_LENGTH_MAX) return form;
  const last = form.codePointAt(FORM_LENGTH_MAX - 1) ?? 0;
  return form.slice(0, last > 0xffff ? FORM_LENGTH_MAX - 1 : FORM_LENGTH_MAX);
}

/** Whether a folded text has all terms of a query. */
export function matches(folded: string, { terms }: SearchQuery): boolean {
  return terms.length > 0 && terms.every((term) => folded.includes(term));
}

/**
 * The rank of a folded text, undefined where it does not match. A text that repeats itself is found after all others: to
 * compare it with long forms would cost an index more than all others together.
 */
export function rankOf(folded: string, query: SearchQuery): number | undefined {
  if (!matches(folded, query)) return undefined;
  const bordered = ` ${folded} `;
  const rank = query.forms.findIndex((list) => list.every((form) => bordered.includes(form)));
  return rank === SEARCH_RANK.parts || !isRepetitive(folded) ? rank : SEARCH_RANK.parts;
}

/** Up to this many UTF-16 units a text costs little, whatever it has. */
const REPETITIVE_LENGTH_MIN = 128;
/** In prose the most frequent pair of letters is a twentieth of all. */
const REPETITIVE_SHARE = 1 / 5;
/** How often each pair occurs in the text that is looked at; those whose hashes are equal count as one. */
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

/** Of 16 bits: of two ASCII characters all that they are. */
function hashOfPair(text: string, at: number): number {
  return ((text.charCodeAt(at - 1) << 8) ^ (text.charCodeAt(at - 1) >> 8) ^ text.charCodeAt(at)) & 0xffff;
}
