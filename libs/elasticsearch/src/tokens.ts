/**
 * Turns texts into tokens, so that Elasticsearch's core analyzers find any part of a text exactly.
 *
 * In a folded (normalized) text each border of a word is written as `_` (`_red_car_`). The text is indexed as the
 * sequence of its pairs of characters, `_r re ed d_ _c ca ar r_`, with positions. So a phrase of consecutive pairs is
 * exactly a part of the text. With borders in it, the phrase is the beginning of a word, a whole word, or several whole
 * words. A single character at the edge of a word is found by its pair with the border. Characters that occur only
 * inside words are appended after the sequence as single tokens, where no phrase includes them.
 *
 * A phrase takes long to find in a text that often repeats its pairs. So of a repetitive text only the set of its pairs
 * and characters is indexed. The set finds texts that may match; the text in the store decides.
 */
import { isRepetitive } from '@parley/domain';
import { Bytes } from './bytes.ts';

/** Stands for the border of a word in an indexed text. */
export const BORDER = '_';
const BORDER_BYTE = 0x5f;
const SPACE = 0x20;

/**
 * What is indexed instead of borders (spaces) and of characters that JSON escapes. U, Q and B are free, because no
 * folded text has ASCII capitals.
 */
const STAND_INS: Readonly<Record<string, string>> = { ' ': BORDER, _: 'U', '"': 'Q', '\\': 'B' };
const TO_REPLACE = /[ _"\\]/g;

/** Replaces the borders (spaces) and special characters of a folded text or form before it is cut into pairs. */
export function encode(folded: string): string {
  return folded.replace(TO_REPLACE, (character) => STAND_INS[character] ?? character);
}

/** The pairs of consecutive characters, in order. */
export function pairsOf(characters: readonly string[]): string[] {
  return characters.slice(1).map((character, position) => `${characters[position]}${character}`);
}

/** Appends a folded text to a JSON object, as the field `text`, or as `set` if the text is repetitive. */
export function writeTokens(folded: string, out: Bytes): void {
  const text = folded === '' ? '' : encode(` ${folded} `);
  if (isRepetitive(folded)) out.text(`"set":"${setOf(text)}"`);
  else writeText(text, out);
}

function setOf(text: string): string {
  const characters = [...text];
  return [...new Set([...pairsOf(characters), ...characters])].join(' ');
}

/** A buffer for the text being written, in UTF-8. Writing is synchronous, so one is enough for all texts. */
const encoded = new Bytes();

/** Appends the field `text`. Writing a document spends most of its time here, so this works on bytes. */
function writeText(text: string, out: Bytes): void {
  encoded.clear();
  encoded.text(text);
  const bytes = encoded.view();
  out.text('"text":"');
  writePairs(bytes, out);
  writeInnerCharacters(bytes, out);
  out.text('"');
}

/**
 * Appends each pair of neighbouring characters (the bytes from the start of one to the end of the next) and a space.
 */
function writePairs(text: Uint8Array, out: Bytes): void {
  if (text.length === 0) return;
  // Each byte is in at most two pairs, and a space follows each pair.
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

/** For each ASCII character the number of the last text that had it. So a new text need not clear the array. */
const noted = new Float64Array(0x80);
let textNumber = 0;

/** Appends once each character of a text that is only inside words. A pair with a border finds the others. */
function writeInnerCharacters(text: Uint8Array, out: Bytes): void {
  const others = new Set<number>();
  textNumber += 1;
  /** Whether the character at these bytes was not noted before in this text. Notes it. */
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

function keyOf(text: Uint8Array, start: number, end: number): number {
  let key = 0;
  for (let position = start; position < end; position += 1) key = key * 0x100 + (text[position] as number);
  return key;
}

/** How many bytes a character has whose first UTF-8 byte is `lead`. */
function characterBytes(lead = 0): number {
  if (lead < 0x80) return 1;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}
