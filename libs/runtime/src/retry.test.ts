import { expect, test } from 'bun:test';
import { backoffMs, pause } from './retry.ts';

test.each([
  [0, 50],
  [1, 100],
  [3, 400],
  [6, 2_000],
  [5_000, 2_000],
])('after %i failures the wait is between a half and the whole of %i ms', (failures, wholeMs) => {
  const waits = Array.from({ length: 200 }, () => backoffMs(failures, { firstMs: 50, maxMs: 2_000 }));
  expect(Math.min(...waits)).toBeWithin(wholeMs / 2, wholeMs * 0.6);
  expect(Math.max(...waits)).toBeWithin(wholeMs * 0.9, wholeMs + 0.001);
});

test('a pause ends with its signal, also where that came before', async () => {
  const stop = new AbortController();
  const pausing = pause(600_000, stop.signal);
  stop.abort();
  await pausing;
  await pause(600_000, stop.signal);
});
