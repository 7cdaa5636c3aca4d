import { expect, test } from 'bun:test';
import { NUMBER_MAX } from '@parley/domain';
import { decodeCursor, encodeCursor } from './search-cursor.ts';

test.each([
  { rank: 0, number: 1 },
  { rank: 9, number: NUMBER_MAX },
])('%j is read as it was written', (position) => {
  const text = encodeCursor(position);
  expect(text).toMatch(/^[A-Za-z0-9_-]+$/);
  expect(decodeCursor(text)).toEqual(position);
});

test('no cursor means the beginning', () => {
  expect(decodeCursor(undefined)).toBeUndefined();
});

const cursor = (text: string): string => Buffer.from(text).toString('base64url');

test.each([
  ['nothing', ''],
  ['no cursor at all', 'hello'],
  ['a rank of two digits', cursor('10.1')],
  ['a number of 0', cursor('1.0')],
  ['a number above the highest', cursor(`1.${NUMBER_MAX + 1}`)],
  ['more behind it', cursor('1.1 ')],
  ['a sign', cursor('1.-1')],
])('%s is refused', (_, text) => {
  expect(() => decodeCursor(text)).toThrow(
    expect.objectContaining({ errors: [{ path: 'cursor', message: 'must come from a Link header' }] }),
  );
});
