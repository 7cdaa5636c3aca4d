import { expect, test } from 'bun:test';
import { NUMBER_MAX } from '@parley/domain';
import { decodeCursor, encodeCursor } from './search-cursor.ts';

const positions = [
  { rank: 0, number: 1, chat: 1, createdAt: 0 },
  { rank: 3, number: NUMBER_MAX, chat: NUMBER_MAX, createdAt: Number.MAX_SAFE_INTEGER },
];

test.each(positions)('%j in an application is read as it was written', (position) => {
  const text = encodeCursor(position, false);
  expect(text).toMatch(/^[A-Za-z0-9_-]+$/);
  expect(decodeCursor(text, {})).toEqual(position);
});

test.each(positions)('%j in a chat is read with rank, number and that chat', (position) => {
  const text = encodeCursor(position, true);
  expect(text).toMatch(/^[A-Za-z0-9_-]+$/);
  expect(decodeCursor(text, { chat: position.chat })).toEqual({ ...position, createdAt: 0 });
});

const cursor = (text: string): string => Buffer.from(text).toString('base64url');

test('a cursor of an earlier version goes on in its chat', () => {
  expect(decodeCursor(cursor('1.20'), { chat: 7 })).toEqual({ rank: 1, number: 20, chat: 7, createdAt: 0 });
});

test('no cursor means the beginning', () => {
  expect(decodeCursor(undefined, { chat: 1 })).toBeUndefined();
});

test.each([
  ['nothing', '', 1],
  ['no cursor at all', 'hello', 1],
  ['a rank that does not exist', cursor('4.1'), 1],
  ['a rank of two digits', cursor('10.1'), 1],
  ['a number of 0', cursor('1.0'), 1],
  ['a number above the highest', cursor('1.10000000000'), 1],
  ['a chat above the highest', cursor('1.1.10000000000.5'), undefined],
  ['a time that is not exact', cursor('1.1.1.9999999999999999'), undefined],
  ['more behind it', cursor('1.1 '), 1],
  ['a sign', cursor('1.-1'), 1],
  ['a cursor of a chat in an application', cursor('1.1'), undefined],
  ['a cursor of an application in a chat', cursor('1.1.1.5'), 1],
] as const)('%s is refused', (_, text, chat) => {
  expect(() => decodeCursor(text, { chat })).toThrow(
    expect.objectContaining({ errors: [{ path: 'cursor', message: 'must come from a Link header' }] }),
  );
});

test('a cursor with a rank is refused in the order `newest`, which has none', () => {
  expect(() => decodeCursor(cursor('1.20'), { chat: 7, order: 'newest' })).toThrow(
    'The query of the URL is not valid.',
  );
  expect(decodeCursor(cursor('0.20'), { chat: 7, order: 'newest' })).toMatchObject({ number: 20 });
});
