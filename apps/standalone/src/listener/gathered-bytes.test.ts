import { expect, test } from 'bun:test';
import { free, GatheredBytes } from './gathered-bytes.ts';

test.each([0, 3, 100_000])('pieces of any size come out in order, where %i bytes were expected', (expected) => {
  const gathered = new GatheredBytes(expected);
  let text = '';
  for (let index = 0; text.length < 50_000; index += 1) {
    const piece = `${index} `.repeat(index % 7);
    gathered.append(Buffer.from(piece));
    text += piece;
  }
  expect(gathered.length).toBe(text.length);
  expect(gathered.bytes().toString()).toBe(text);
});

test('a byte at a time is copied a bounded number of times', () => {
  const gathered = new GatheredBytes();
  const buffers = new Set<ArrayBufferLike>();
  for (let index = 0; index < 1_000_000; index += 1) {
    gathered.append(Uint8Array.of(index % 256));
    buffers.add(gathered.bytes().buffer);
  }
  expect(buffers.size).toBeLessThan(12);
});

test('large memory is freed at once, also a buffer that has become too small', () => {
  const gathered = new GatheredBytes(70_000);
  gathered.append(new Uint8Array(70_000));
  const outgrown = gathered.bytes();
  gathered.append(Uint8Array.of(1));
  expect(outgrown).toHaveLength(0);
  const last = gathered.bytes();
  free(last);
  expect(last).toHaveLength(0);
});
