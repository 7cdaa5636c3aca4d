import { expect, test } from 'bun:test';
import { foldText } from '@parley/domain';
import { Bytes } from './bytes.ts';
import { encode, pairsOf, writeTokens } from './tokens.ts';

function tokensOf(content: string): { text?: string[]; set?: string[] } {
  const bytes = new Bytes(1);
  bytes.text('{');
  writeTokens(foldText(content), bytes);
  bytes.text('}');
  const fields = JSON.parse(bytes.view().toString()) as Record<string, string>;
  return Object.fromEntries(Object.entries(fields).map(([name, tokens]) => [name, tokens.trimEnd().split(' ')]));
}

test('a text is the sequence of its pairs, then the characters that no pair with a border tells of', () => {
  expect(tokensOf('Red care!').text?.join(' ')).toBe('_r re ed d_ _c ca ar re e_ _! !_ a');
});

test('characters outside the basic plane are one character each', () => {
  expect(tokensOf('🎉𠮷😀').text?.join(' ')).toBe('_🎉 🎉𠮷 𠮷😀 😀_ 𠮷');
});

test('an underscore, a quotation mark and a backslash are not taken for a border, nor escaped', () => {
  expect(tokensOf('a_"\\').text?.join(' ')).toBe('_a a_ _U UQ QB B_ Q');
});

test('a text of nothing has no tokens', () => {
  expect(tokensOf(' \n ')).toEqual({ text: [''] });
});

test('a text that repeats itself has the set of its pairs and characters, once', () => {
  expect(tokensOf('ha'.repeat(500))).toEqual({ set: ['_h', 'ha', 'ah', 'a_', '_', 'h', 'a'] });
  expect(tokensOf('ha'.repeat(60)).set).toBeUndefined();
});

test('one character has no pair', () => {
  expect(pairsOf(['a'])).toEqual([]);
  expect(pairsOf([...encode('a b')])).toEqual(['a_', '_b']);
});

test('no text needs escaping, and its tokens are those of its characters, whatever it has', () => {
  const quarter = 0x1_0000 / 4;
  for (let start = 1; start < 0x2_0000; start += quarter) {
    const codes = Array.from({ length: quarter }, (_, offset) => start + offset);
    const content = String.fromCodePoint(...codes.filter((code) => code < 0xd800 || code > 0xdfff));
    const characters = [...encode(` ${foldText(content)} `)];
    const pairs = pairsOf(characters);
    const { text = [] } = tokensOf(content);
    expect(text.slice(0, pairs.length)).toEqual(pairs);
    const singles = text.slice(pairs.length);
    expect(new Set(singles).size).toBe(singles.length);
    const atBorders = pairs.filter((pair) => pair.includes('_')).map((pair) => pair.replaceAll('_', ''));
    expect(new Set([...singles, ...atBorders])).toEqual(new Set(characters.filter((character) => character !== '_')));
  }
});
