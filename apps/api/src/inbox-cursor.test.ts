import { expect, test } from 'bun:test';
import { decodeInboxCursor, encodeInboxCursor } from './inbox-cursor.ts';

test('a cursor leads back to its place', () => {
  for (const place of [
    { at: 0, chat: 1 },
    { at: 1_772_357_400_123, chat: 9_999_999_999 },
  ]) {
    const cursor = encodeInboxCursor(place);
    expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(decodeInboxCursor(cursor)).toEqual(place);
  }
  expect(decodeInboxCursor(undefined)).toBeUndefined();
});

test.each([
  '',
  '!',
  'x',
  ...['1', '1.0', '1.-1', '-1.1', '1.10000000000', ' 1.1', '1.1 ', '01.1', '253402300800000.1'].map(btoa),
])('%p is no cursor', (text) => {
  expect(() => decodeInboxCursor(text)).toThrow('query');
});
