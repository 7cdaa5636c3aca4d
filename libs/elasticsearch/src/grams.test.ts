import { expect, test } from 'bun:test';
import { gramsOf, pairsOf, withBorders } from './grams.ts';

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
