import { isRepetitive } from '@parley/domain';
import { Bytes } from './bytes.ts';

/**
 * Texts as tokens, so that any part of a text is found exactly on Elasticsearch's core analyzers.
 *
 * A folded text is written with `_` for each border of a word (`_red_car_`) and indexed as the sequence of its pairs of
 * characters, `_r re ed d_ _c ca ar r_`, with their positions. A phrase of consecutive pairs then is exactly a part of
 * the text; with borders in it, it is the beginning of a word, a whole word or a phrase of whole words. A single
 * character at the end of a word is a pair with the border; those that a text has only within words follow behind the
 * sequence, where no phrase reaches them.
 *
 * A phrase costs as much as its pairs occur. So a text that repeats itself has the set of its pairs instead, which finds
 * candidates only: the store's text decides.
 */
export const BORDER = '_';
const BORDER_BYTE = 0x5f;
const SPACE = 0x20;

/** No folded text has an ASCII capital, so they stand for what is a border or is escaped in JSON. */
const STAND_INS: Readonly<Record<string, string>> = { ' ': BORDER, _: 'U', '"': 'Q', '\\': 'B' };
const TO_REPLACE = /[ _"\\]/g;

/** A folded text, or a part of one with its borders as spaces, as it is cut into pairs. */
export function encode(folded: string): string {
  return folded.replace(TO_REPLACE, (character) => STAND_INS[character] ?? character);
}

/** The pairs of consecutive characters, in order. Of fewer than two characters there are none. */
export function pairsOf(characters: readonly string[]): string[] {
  return characters.slice(1).map((character, position) => `${characters[position]}${character}`);
}

/** Adds the field `text`, or `set`, of a folded text to a JSON object. */
export function writeTokens(folded: string, out: Bytes): void {
  const text = folded === '' ? '' : encode(` ${folded} `);
  if (isRepetitive(folded)) out.text(`"set":"${setOf(text)}"`);
  else writeText(text, out);
}

function setOf(text: string): string {
  const characters = [...text];
  return [...new Set([...pairsOf(characters), ...characters])].join(' ');
}

/** The text being written, in UTF-8. Writing is never interrupted, so one is enough. */
const encoded = new Bytes();

/** This is most of the work of writing a document, so it goes byte by byte. */
function writeText(text: string, out: Bytes): void {
  encoded.clear();
  encoded.text(text);
  const bytes = encoded.view();
  out.text('"text":"');
  writePairs(bytes, out);
  writeInnerCharacters(bytes, out);
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

/** For each ASCII character the number of the text in which it was last noted. */
const noted = new Float64Array(0x80);
let textNumber = 0;

/** Each character that no pair with a border tells of, once. */
function writeInnerCharacters(text: Uint8Array, out: Bytes): void {
  const others = new Set<number>();
  textNumber += 1;
  /** Whether the character that starts here was not noted before. */
  const isNew = (start: number, end: number): boolean => {
    const lead = text[start] as number;
    const known = lead < 0x80 ? noted[lead] === textNumber : others.has(keyOf(text, start, end));
    if (lead < 0x80) noted[lead] = textNumber;
    else if (!known) others.add(keyOf(text, start, end));
    return !known;
  };
  let afterBorder = false;
  for (let start = 0; start < text.length; ) {
    const end = start + characterBytes(text[start]);
    const isBorder = text[start] === BORDER_BYTE;
    if (isBorder || afterBorder || text[end] === BORDER_BYTE) isNew(start, end);
    afterBorder = isBorder;
    start = end;
  }
  const target = out.reserve(text.length * 2);
  let at = out.length;
  for (let start = 0; start < text.length; ) {
    const end = start + characterBytes(text[start]);
    if (isNew(start, end)) {
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
