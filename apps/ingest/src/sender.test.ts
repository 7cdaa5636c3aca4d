import { expect, test } from 'bun:test';
import { type Caller, Forbidden, newToken } from '@parley/domain';
import { asSender } from './sender.ts';

const token = newToken();
const scopes = new Set(['messages:write'] as const);
const anna: Caller = { kind: 'user', token, user: 'anna', scopes, chats: '*' };

test('a user’s message has the user as its sender', () => {
  expect(asSender(anna, {})).toEqual({ sender_id: 'anna' });
  expect(asSender(anna, { sender_id: 'anna', metadata: {} })).toEqual({ sender_id: 'anna', metadata: {} });
});

test.each([{ sender_id: 'bob' }, { created_at: '2020-01-01T00:00:00Z' }, { sender_id: 'anna', created_at: 'x' }])(
  'a user cannot create %j',
  (message) => {
    expect(() => asSender(anna, message)).toThrow(Forbidden);
  },
);

test('others send what they like: the message itself', () => {
  const message = { sender_id: 'bob', created_at: '2020-01-01T00:00:00Z' };
  for (const caller of [
    { kind: 'anyone' },
    { kind: 'admin' },
    { kind: 'key', token, key: 'k', scopes },
  ] as const satisfies Caller[]) {
    expect(asSender(caller, message)).toBe(message);
  }
});
