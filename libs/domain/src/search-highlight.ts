/**
 * Finds the terms of a query in a text that matches it, so that a client can mark them.
 *
 * Terms are found in the folded text (see search-fold.ts). Folding changes lengths, so each piece of the text is folded
 * alone: a character with what Unicode joins to it, such as accents. This tells from which piece a folded character is.
 */
import { foldCharacters } from './search-fold.ts';
import type { SearchQuery } from './search-query.ts';

/** The code points `start` to `end` of a text, without the one at `end`. */
export type HighlightRange = [start: number, end: number];

export const HIGHLIGHTS_MAX = 100;
/** Longer folded texts are not searched further (see search-fold.ts). */
const FOLDED_LENGTH_MAX = 50_000;

/**
 * What never begins a piece, because folding joins it to the character before or removes it: marks, invisible
 * characters, skin tones, Arabic vowel signs without a letter, the later letters of Korean syllables, and Japanese
 * voice marks of half width.
 */
const PIECES =
  /.[\p{M}\p{DI}\p{Emoji_Modifier}\u1160-\u11ff\ud7b0-\ud7ff\uff9e\uff9f\uffa0-\uffdc\ufc5e-\ufc63\ufe70\ufe72\ufe74\ufe76\ufe78\ufe7a\ufe7c\ufe7e]*/gsv;
const ASCII = /^[\x00-\x7f]*$/;
const OWN_WORD = /[#@]/;
const SEPARATOR = /[[\p{P}\p{Z}\p{Cc}\p{Cf}\p{Cs}]--[#@]]/v;
const PUNCTUATION = /[\p{P}--[#@]]/v;

/** A folded text. Its UTF-16 unit at `i` comes from the code points `starts[i]` to `ends[i]` of the original. */
interface Mapped {
  readonly folded: string;
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/**
 * Returns where a text has terms of the query, in the text's order: at most HIGHLIGHTS_MAX ranges that neither overlap
 * nor touch. None in a text that does not match.
 */
export function highlightsOf(text: string, { terms }: SearchQuery): HighlightRange[] {
  const characters = map(text);
  const words = wordsOf(characters);
  const found: HighlightRange[] = [];
  for (const term of terms) {
    const ranges = rangesOf(term, PUNCTUATION.test(term) ? characters : words);
    if (ranges.length === 0) return [];
    found.push(...ranges);
  }
  return merged(found).slice(0, HIGHLIGHTS_MAX);
}

/** The first HIGHLIGHTS_MAX ranges of a term. Those that overlap or touch count as one. */
function rangesOf(term: string, { folded, starts, ends }: Mapped): HighlightRange[] {
  const ranges: HighlightRange[] = [];
  let end = -1;
  for (let at = folded.indexOf(term); at !== -1; at = folded.indexOf(term, at + term.length)) {
    const start = starts[at] ?? 0;
    const joins = start <= end;
    if (!joins && ranges.length === HIGHLIGHTS_MAX) break;
    end = ends[at + term.length - 1] ?? start;
    if (joins) ranges.push([ranges.pop()?.[0] ?? start, end]);
    else ranges.push([start, end]);
  }
  return ranges;
}

function merged(ranges: HighlightRange[]): HighlightRange[] {
  const joined: HighlightRange[] = [];
  for (const [start, end] of ranges.toSorted((a, b) => a[0] - b[0])) {
    const last = joined.at(-1);
    if (last === undefined || start > last[1]) joined.push([start, end]);
    else if (end > last[1]) joined[joined.length - 1] = [last[0], end];
  }
  return joined;
}

/** Folds the characters of a text, with their origins. */
function map(text: string): Mapped {
  if (ASCII.test(text)) return sameLength(foldCharacters(text));
  const known = new Map<string, string>();
  const parts: string[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  let at = 0;
  for (const [piece] of text.matchAll(PIECES)) {
    let folded = known.get(piece);
    if (folded === undefined) {
      folded = foldCharacters(piece);
      known.set(piece, folded);
    }
    const end = at + lengthOf(piece);
    for (let unit = 0; unit < folded.length; unit += 1) {
      starts.push(at);
      ends.push(end);
    }
    parts.push(folded);
    at = end;
    if (starts.length >= FOLDED_LENGTH_MAX) break;
  }
  return { folded: parts.join(''), starts, ends };
}

function sameLength(folded: string): Mapped {
  const starts = Array.from(folded, (_, at) => at);
  return { folded, starts, ends: starts.map((at) => at + 1) };
}

/** The number of code points of a text without lone surrogates. */
function lengthOf(text: string): number {
  if (text.length === 1) return 1;
  let length = 0;
  for (const _ of text) length += 1;
  return length;
}

/** Separates the words as foldWords does, with the origins of what is left. A space stands for what it replaces. */
function wordsOf({ folded, starts, ends }: Mapped): Mapped {
  const parts: string[] = [];
  const from: number[] = [];
  const to: number[] = [];
  let isApart = false;
  let at = 0;
  for (const character of folded) {
    const isOwn = OWN_WORD.test(character);
    if (isSeparator(character)) isApart = true;
    else {
      if ((isApart || isOwn) && parts.length > 0) {
        parts.push(' ');
        from.push(to.at(-1) ?? 0);
        to.push(starts[at] ?? 0);
      }
      for (let unit = at; unit < at + character.length; unit += 1) {
        from.push(starts[unit] ?? 0);
        to.push(ends[unit] ?? 0);
      }
      parts.push(character);
      isApart = isOwn;
    }
    at += character.length;
  }
  return { folded: parts.join(''), starts: from, ends: to };
}

/** For each character below 256 whether it separates words. Other texts look up each character. */
const NEAR_SEPARATORS = Array.from({ length: 0x100 }, (_, code) => SEPARATOR.test(String.fromCharCode(code)));

function isSeparator(character: string): boolean {
  return NEAR_SEPARATORS[character.codePointAt(0) ?? 0] ?? SEPARATOR.test(character);
}
