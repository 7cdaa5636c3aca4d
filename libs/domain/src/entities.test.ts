import { expect, test } from 'bun:test';
import { type Sequence, sequenceKey } from './entities.ts';
import { newToken } from './identifiers.ts';

test('a sequence has a key of its own', () => {
  const [a, b] = [newToken(), newToken()];
  const sequences: Sequence[] = [a, b].flatMap((token) => [
    { kind: 'chats', token },
    { kind: 'messages', token, chat: 1 },
    { kind: 'messages', token, chat: 11 },
    { kind: 'messages', token, chat: 9_999_999_999 },
  ]);
  expect(new Set(sequences.map(sequenceKey)).size).toBe(sequences.length);
  expect(sequences.map((sequence) => sequenceKey({ ...sequence }))).toEqual(sequences.map(sequenceKey));
});
