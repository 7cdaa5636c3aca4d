import { expect, test } from 'bun:test';
import { RecentMap } from './recent-map.ts';

const kept = (map: RecentMap<number>, keys: number) =>
  Array.from({ length: keys }, (_, key) => key).filter((key) => map.get(`${key}`) !== undefined);

test('keeps at least the last entries of its size and at most twice as many', () => {
  for (let entries = 1; entries <= 40; entries += 1) {
    const map = new RecentMap<number>(5);
    for (let key = 0; key < entries; key += 1) map.set(`${key}`, key);
    for (let key = entries - 1; key >= Math.max(0, entries - 5); key -= 1) expect(map.get(`${key}`)).toBe(key);
    expect(kept(map, entries).length).toBeLessThanOrEqual(10);
  }
});

test('keeps what is used again and again, however many others come', () => {
  const map = new RecentMap<number>(3);
  map.set('used', 42);
  for (let key = 0; key < 1_000; key += 1) {
    map.set(`${key}`, key);
    expect(map.get('used')).toBe(42);
  }
});

test('an entry that is set again has its new value, whether it was young or old', () => {
  const map = new RecentMap<number>(2);
  map.set('a', 1);
  map.set('a', 2);
  expect(map.get('a')).toBe(2);
  for (const key of ['b', 'c']) map.set(key, 0);
  map.set('a', 3);
  expect(map.get('a')).toBe(3);
  for (const key of ['d', 'e']) map.set(key, 0);
  expect(map.get('a')).toBe(3);
});

test('a value that is zero is kept like any other', () => {
  const map = new RecentMap<number>(1);
  map.set('zero', 0);
  expect(map.get('zero')).toBe(0);
});

test('knows nothing after it was cleared', () => {
  const map = new RecentMap<number>(2);
  for (const key of ['a', 'b', 'c']) map.set(key, 1);
  map.clear();
  expect(['a', 'b', 'c'].map((key) => map.get(key))).toEqual([undefined, undefined, undefined]);
});
