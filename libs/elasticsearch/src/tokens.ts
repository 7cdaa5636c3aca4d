import { isRepetitive } from '@parley/domain';
import { Bytes } from './bytes.ts';

/**
 * Turns texts into tokens, so that Elasticsearch's core analyzers find any part of a text exactly.
 *
 * In a folded text each border of a word is written as `_` (`_red_car_`). The text is indexed as the sequence of its
 * pairs of characters, `_r re ed d_ _c ca ar r_`, with positions. So a phrase of consecutive pairs is exactly a part of
 * the text. With borders in it, the phrase is the beginning of a word, a whole word, or several whole words. A single
 * character at the edge of a word is found by its pair with the border. Characters that occur only inside words are
 * appended after the sequence as single tokens, where no phrase includes them.
 *
 * A phrase takes the longer to find, the more often a text repeats its pairs. So of a repetitive text only the set of
 * its pairs and characters is indexed. The set finds candidates, and the text in the store decides.
 */
export const BORDER = '_';
const BORDER_BYTE = 0x5f;
const SPACE = 0x20;

/**
 * These replace borders, and characters that JSON escapes. No folded text has an ASCII capital, so there is no clash.
 */
const STAND_INS: Readonly<Record<string, string>> = { ' ': BORDER, _: 'U', '"': 'Q', '\\': 'B' };
const TO_REPLACE = /[ _"\\]/g;

/** Replaces the borders (spaces) and special characters of a folded text or form, before it is cut into pairs. */
export function encode(folded: string): string {
  return folded.replace(TO_REPLACE, (character) => STAND_INS[character] ?? character);
}

/** The pairs of consecutive characters, in order. None if there are fewer than two characters. */
export function pairsOf(characters: readonly string[]): string[] {
  return characters.slice(1).map((character, position) => `${characters[position]}${character}`);
}

/** Appends the field `text` of a folded text to a JSON object, or `set` if the text is repetitive. */
export function writeTokens(folded: string, out: Bytes): void {
  const text = folded === '' ? '' : encode(` ${folded} `);
  if (isRepetitive(folded)) out.text(`"set":"${setOf(text)}"`);
  else writeText(text, out);
}

function setOf(text: string): string {
  const characters = [...text];
  return [...new Set([...pairsOf(characters), ...characters])].join(' ');
}

/** The text being written, in UTF-8. Writing is synchronous, so one buffer is enough. */
const encoded = new Bytes();

/** Most of the time of writing a document is spent here, so it works on bytes. */
function writeText(text: string, out: Bytes): void {
  encoded.clear();
  encoded.text(text);
  const bytes = encoded.view();
  out.text('"text":"');
  writePairs(bytes, out);
  writeInnerCharacters(bytes, out);
  out.text('"');
}

/** A pair is the bytes from the start of one character to the end of the next. */
function writePairs(text: Uint8Array, out: Bytes): void {
  if (text.length === 0) return;
  // Each byte is in two pairs, and a space follows each pair.
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

/** For each ASCII character the number of the last text in which it was noted. */
const noted = new Float64Array(0x80);
let textNumber = 0;

/** Writes once each character that has no pair with a border. */
function writeInnerCharacters(text: Uint8Array, out: Bytes): void {
  const others = new Set<number>();
  textNumber += 1;
  /** Whether the character that starts here was not noted before. Notes it. */
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

/** How many bytes a character has whose first UTF-8 byte is `lead`. */
function characterBytes(lead = 0): number {
  if (lead < 0x80) return 1;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}
