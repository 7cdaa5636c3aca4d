import { expect, test } from 'bun:test';
import { foldText } from '@parley/domain';
import { Bytes } from './bytes.ts';
import { pairsOf, withBorders, writeGrams } from './grams.ts';

function gramsOf(content: string): { pairs: string; characters: string } {
  const bytes = new Bytes(1);
  bytes.text('{');
  writeGrams(content, bytes);
  bytes.text('}');
  const { pairs, characters } = JSON.parse(bytes.view().toString());
  return { pairs: pairs.trimEnd(), characters: characters.trimEnd() };
}

test('a text is the sequence of its pairs of characters, with borders around each word', () => {
  expect(gramsOf('Red, car!')).toEqual({ pairs: '_r re ed d_ _c ca ar r_', characters: 'r e d c a' });
});

test('characters outside the basic plane are one character each', () => {
  expect(gramsOf('🎉𠮷')).toEqual({ pairs: '_🎉 🎉𠮷 𠮷_', characters: '🎉 𠮷' });
});

test('an underscore is punctuation, so it is never taken for a border of its own', () => {
  expect(gramsOf('a_b').pairs).toBe('_a a_ _b b_');
});

test('a text of punctuation alone has no tokens', () => {
  expect(gramsOf('?!')).toEqual({ pairs: '', characters: '' });
});

test('one character has no pair', () => {
  expect(pairsOf(['a'])).toBe('');
  expect(pairsOf([...withBorders('a b')])).toBe('a_ _b');
});

test('no text needs escaping, and its pairs are those of its characters, whatever it has', () => {
  const quarter = 0x1_0000 / 4;
  for (let start = 1; start < 0x2_0000; start += quarter) {
    const codes = Array.from({ length: quarter }, (_, offset) => start + offset);
    const text = String.fromCodePoint(...codes.filter((code) => code < 0xd800 || code > 0xdfff));
    const characters = [...withBorders(foldText(text))];
    const { pairs, characters: set } = gramsOf(text);
    expect(pairs).toBe(pairsOf(['_', ...characters, '_']));
    expect(new Set(set.split(' '))).toEqual(new Set(characters.filter((character) => character !== '_')));
  }
});
