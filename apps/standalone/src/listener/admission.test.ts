import { expect, test } from 'bun:test';
import { until } from '@parley/testing';
import { Admission, type Entrant } from './admission.ts';

const MEGABYTE = 1024 * 1024;

function opened(unsentBytesMax = 10 * MEGABYTE) {
  const admission = new Admission({ unsentBytesMax, waitMs: 1_000 });
  const begun: string[] = [];
  const refused: string[] = [];
  const entrant = (name: string, long = true): Entrant => ({
    long,
    start: () => begun.push(name),
    refuse: () => refused.push(name),
  });
  return { admission, begun, refused, entrant };
}

test('if no answer is unsent, a long request starts at once and the next one in the next turn, in order', async () => {
  const { admission, begun, entrant } = opened();
  for (const name of ['a', 'b', 'c']) admission.enter(entrant(name));
  expect(begun).toEqual(['a']);
  expect(admission.blocked).toBe(false);
  await until('all have begun', () => begun.length === 3);
  expect(begun).toEqual(['a', 'b', 'c']);
});

test('after a small answer several long requests start in a turn, after a large answer only one', () => {
  const { admission, begun, entrant } = opened();
  admission.made(1_000, true);
  for (let index = 0; index < 6; index += 1) admission.enter(entrant(`${index}`));
  expect(begun).toHaveLength(4);
  const other = opened();
  other.admission.made(2 * MEGABYTE, true);
  for (let index = 0; index < 6; index += 1) other.admission.enter(other.entrant(`${index}`));
  expect(other.begun).toHaveLength(1);
});

test('while too many bytes are unsent, long requests wait; short ones start, up to twice as many bytes', async () => {
  const { admission, begun, entrant } = opened();
  admission.made(10 * MEGABYTE, true);
  admission.enter(entrant('long'));
  admission.enter(entrant('quick', false));
  expect(begun).toEqual(['quick']);
  expect(admission.blocked).toBe(true);
  admission.made(10 * MEGABYTE, false);
  admission.enter(entrant('too much', false));
  expect(begun).toEqual(['quick']);
  await new Promise(setImmediate); // the turn ends; memory is still full, so nothing may start
  expect(begun).toEqual(['quick']);
  admission.sent(15 * MEGABYTE);
  await until('all have begun', () => begun.length === 3);
  expect(begun).toEqual(['quick', 'long', 'too much']);
});

test('a request that has waited too long is refused, a later one is not; one that leaves is never called', () => {
  const { admission, begun, refused, entrant } = opened();
  admission.made(10 * MEGABYTE, true);
  const gone = entrant('gone');
  admission.enter(gone);
  admission.enter(entrant('waits'));
  admission.leave(gone);
  const now = performance.now();
  admission.sweep(now + 900);
  expect(refused).toEqual([]);
  admission.sweep(now + 1_001);
  expect(refused).toEqual(['waits']);
  expect(admission.blocked).toBe(false);
  expect(begun).toEqual([]);
});
