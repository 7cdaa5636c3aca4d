import { expect, test } from 'bun:test';
import { failure } from './failure.ts';
import { TooLate, until } from './until.ts';

test('a condition that is true is checked once', async () => {
  let asked = 0;
  await until('it holds', () => {
    asked += 1;
    return true;
  });
  expect(asked).toBe(1);
});

test('an error counts as false', async () => {
  let asked = 0;
  await until('it holds', async () => {
    asked += 1;
    if (asked < 3) throw new Error('not yet');
    return true;
  });
  expect(asked).toBe(3);
});

test('TooLate has the condition and the last error', async () => {
  const error = await failure(
    until(
      'pigs fly',
      () => {
        throw new Error('no wings');
      },
      20,
    ),
  );
  expect(error).toBeInstanceOf(TooLate);
  expect(String(error)).toBe('TooLate: waited 0.02 s in vain until pigs fly, at last: Error: no wings');
});
