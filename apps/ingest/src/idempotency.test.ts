import { expect, test } from 'bun:test';
import { idempotencyKey } from './idempotency.ts';

test('without a key there is none; the empty text is a key', () => {
  expect(idempotencyKey(undefined, ['chat', 'x'])).toBeUndefined();
  expect(idempotencyKey('', ['chat', 'x'])).toBeDefined();
});

test('the same key with the same request is equal, and only hashes are kept', () => {
  const key = idempotencyKey('a secret', ['messages', 1, 'text']);
  expect(key).toEqual(idempotencyKey('a secret', ['messages', 1, 'text']));
  for (const hash of [key?.hash, key?.body]) expect(hash).toMatch(/^[0-9a-f]{64}$/);
});

test('the hashes are those of every version: keys that are kept stay known', () => {
  expect(idempotencyKey('k', ['chat', 'x'])).toEqual({
    hash: '8254c329a92850f6d539dd376f4816ee2764517da5e0235514af433164480d7a',
    body: new Bun.CryptoHasher('sha256').update('["chat","x"]').digest('hex'),
  });
});

test.each([
  [['batch', 1, ['x']], 'another kind'],
  [['messages', 2, ['x']], 'another chat'],
  [['messages', 1, ['x', 'y']], 'another content'],
  [['messages', 1, 'x'], 'another shape'],
])('with %j it is a conflict: %s', (what) => {
  const first = idempotencyKey('k', ['messages', 1, ['x']]);
  const other = idempotencyKey('k', what);
  expect(other?.hash).toBe(first?.hash);
  expect(other?.body).not.toBe(first?.body);
});

test('a user’s key is another one than the same text of another user, or of a server', () => {
  const hashes = [undefined, 'anna', 'bob'].map((user) => idempotencyKey('k', ['chat', 'x'], user)?.hash);
  expect(new Set(hashes).size).toBe(3);
  expect(idempotencyKey('k', ['chat', 'x'], 'anna')).toEqual(idempotencyKey('k', ['chat', 'x'], 'anna'));
});
