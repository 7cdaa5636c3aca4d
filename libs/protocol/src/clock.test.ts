import { expect, test } from 'bun:test';
import { oncePerTurn } from './clock.ts';

/** A clock whose readings differ, and how often it was read. */
function counting() {
  let reads = 0;
  const read = () => {
    reads += 1;
    return reads;
  };
  return { clock: { monotonic: read, wall: read }, reads: () => reads };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('a clock that is read once per turn shows one reading to all microtasks that wait by then', async () => {
  const { clock, reads } = counting();
  const now = oncePerTurn(clock);
  const seen: number[] = [];
  const look = () => seen.push(now.monotonic(), now.wall());
  for (let waiting = 0; waiting < 100; waiting += 1) queueMicrotask(look);
  await turn();
  expect(seen).toEqual(Array(100).fill([1, 2]).flat());
  expect(reads()).toBe(2);
});

test('it is read anew in the next turn, and not before somebody asks', async () => {
  const { clock, reads } = counting();
  const now = oncePerTurn(clock);
  expect([now.wall(), now.monotonic(), now.wall()]).toEqual([2, 1, 2]);
  await turn();
  await turn();
  expect(reads()).toBe(2);
  expect([now.monotonic(), now.wall()]).toEqual([3, 4]);
  await turn();
  expect([now.monotonic(), now.wall()]).toEqual([5, 6]);
});
