import { expect, test } from 'bun:test';
import { KEYS_MAX, LimitReached, newToken } from '@parley/domain';
import { KeyMaking } from './key-making.ts';

const MINUTE_MS = 60_000;

test('an application makes as many keys at once as it may have, then one a minute; others make theirs', () => {
  let now = 5_000;
  const making = new KeyMaking(() => now);
  const [token, other] = [newToken(), newToken()];
  const made = (tries: number) => {
    let count = 0;
    for (let time = 0; time < tries; time += 1) {
      try {
        making.take(token);
        count += 1;
      } catch (error) {
        expect(error).toBeInstanceOf(LimitReached);
        expect((error as LimitReached).retryAfterMs).toBeWithin(1, MINUTE_MS + 1);
      }
    }
    return count;
  };
  expect(made(KEYS_MAX + 20)).toBe(KEYS_MAX);
  making.take(other);
  now += MINUTE_MS;
  expect(made(3)).toBe(1);
  now += 10 * MINUTE_MS;
  expect(made(20)).toBe(10);
  now += 1_000 * MINUTE_MS;
  expect(made(KEYS_MAX + 20)).toBe(KEYS_MAX);
});

test('other applications do not make it forget one that has made many', () => {
  const making = new KeyMaking(() => 0);
  const token = newToken();
  for (let time = 0; time < KEYS_MAX; time += 1) making.take(token);
  for (let time = 0; time < 5_000; time += 1) making.take(newToken());
  expect(() => making.take(token)).toThrow(LimitReached);
});
