import { foldText } from '@parley/domain';

/**
 * Texts as tokens, so that any part of a text is found exactly on Elasticsearch's core analyzers.
 *
 * A folded text is written with `_` for each border of a word (`_red_car_`: `_` is punctuation, so no folded text has
 * one of its own) and indexed as the sequence of its pairs of characters, `_r re ed d_ _c ca ar r_`, with their
 * positions. A phrase of consecutive pairs then is exactly a part of the text; with borders in it, it is the beginning
 * of a word, a whole word or a phrase of whole words. A single character has no pair: each text also has the set of its
 * characters, without positions. Pairs rather than threes: half the size and three times the speed of indexing, and a
 * search reads the messages of one chat only.
 */
export const BORDER = '_';

/** What a message's content is indexed as: tokens with spaces between them, for the analyzer `whitespace`. */
export interface Grams {
  readonly pairs: string;
  readonly characters: string;
}

export function gramsOf(content: string): Grams {
  const folded = foldText(content);
  if (folded === '') return { pairs: '', characters: '' };
  const characters = [...withBorders(folded)];
  const distinct = new Set(characters);
  distinct.delete(BORDER);
  return { pairs: pairsOf([BORDER, ...characters, BORDER]), characters: [...distinct].join(' ') };
}

/** The pairs of consecutive characters, in order. Of fewer than two characters there are none. */
export function pairsOf(characters: readonly string[]): string {
  let pairs = '';
  let previous: string | undefined;
  for (const character of characters) {
    if (previous !== undefined) pairs += pairs === '' ? previous + character : ` ${previous}${character}`;
    previous = character;
  }
  return pairs;
}

/** A folded text with its spaces as borders. */
export function withBorders(folded: string): string {
  return folded.replaceAll(' ', BORDER);
}
