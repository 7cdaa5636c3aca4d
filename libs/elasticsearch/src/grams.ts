import { foldText } from '@parley/domain';
import { Bytes } from './bytes.ts';

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
const BORDER_BYTE = 0x5f;
const SPACE = 0x20;

/** A folded text with its spaces as borders. */
export function withBorders(folded: string): string {
  return folded.replaceAll(' ', BORDER);
}

/** The pairs of consecutive characters, in order. Of fewer than two characters there are none. */
export function pairsOf(characters: readonly string[]): string {
  return characters
    .slice(1)
    .map((character, position) => `${characters[position]}${character}`)
    .join(' ');
}

/** The text being written: UTF-8, with its borders. Writing is never interrupted, so one is enough. */
const folded = new Bytes();

/**
 * Adds the fields `pairs` and `characters` of a message's content to a JSON object. This is most of the work of writing
 * a document, so it goes byte by byte. No folded text has a character that JSON escapes: they all are separators.
 */
export function writeGrams(content: string, out: Bytes): void {
  const text = foldText(content);
  folded.clear();
  if (text !== '') folded.text(`${BORDER}${withBorders(text)}${BORDER}`);
  const bytes = folded.view();
  out.text('"pairs":"');
  writePairs(bytes, out);
  out.text('","characters":"');
  writeCharacters(bytes, out);
  out.text('"');
}

/** A pair is what stands in the text itself from the start of one character to the end of the next. */
function writePairs(text: Uint8Array, out: Bytes): void {
  if (text.length === 0) return;
  // Each byte stands in two pairs, and each character is followed by a space.
  const target = out.reserve(text.length * 3);
  let at = out.length;
  let first = 0;
  let second = characterBytes(text[0]);
  while (second < text.length) {
    const end = second + characterBytes(text[second]);
    for (let position = first; position < end; position += 1) target[at++] = text[position] as number;
    target[at++] = SPACE;
    first = second;
    second = end;
  }
  out.advance(at);
}

/** The ASCII characters last seen, each with the number of the text in which it was. */
const seen = new Float64Array(0x80);
let textNumber = 0;

function writeCharacters(text: Uint8Array, out: Bytes): void {
  const target = out.reserve(text.length * 2);
  const others = new Set<number>();
  textNumber += 1;
  seen[BORDER_BYTE] = textNumber;
  let at = out.length;
  for (let start = 0; start < text.length; ) {
    const lead = text[start] as number;
    const end = start + characterBytes(lead);
    const known = lead < 0x80 ? seen[lead] === textNumber : others.has(keyOf(text, start, end));
    if (!known) {
      if (lead < 0x80) seen[lead] = textNumber;
      else others.add(keyOf(text, start, end));
      for (let position = start; position < end; position += 1) target[at++] = text[position] as number;
      target[at++] = SPACE;
    }
    start = end;
  }
  out.advance(at);
}

/** The bytes of one character as a number. */
function keyOf(text: Uint8Array, start: number, end: number): number {
  let key = 0;
  for (let position = start; position < end; position += 1) key = key * 0x100 + (text[position] as number);
  return key;
}

/** How many bytes the character has that begins with this byte of UTF-8. */
function characterBytes(lead = 0): number {
  if (lead < 0x80) return 1;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}
