import { expect, test } from 'bun:test';
import { newToken, parseNumber, parseToken, partitionOf } from './identifiers.ts';

test('a new token is a token, and each is another', () => {
  const tokens = Array.from({ length: 1_000 }, newToken);
  expect(tokens.map(parseToken)).toEqual(tokens);
  expect(new Set(tokens).size).toBe(tokens.length);
});

for (const text of [
  '',
  'x',
  '123E4567-e89b-42d3-a456-426614174000',
  '123e4567e89b42d3a456426614174000',
  '123e4567-e89b-12d3-a456-426614174000',
  '123e4567-e89b-42d3-c456-426614174000',
  ' 123e4567-e89b-42d3-a456-426614174000',
  '123e4567-e89b-42d3-a456-426614174000\n',
  '{123e4567-e89b-42d3-a456-426614174000}',
  '00000000-0000-0000-0000-000000000000',
]) {
  test(`${JSON.stringify(text)} is no token`, () => {
    expect(parseToken(text)).toBeUndefined();
  });
}

test('the numbers from 1 to ten digits are numbers', () => {
  for (const number of [1, 2, 9, 10, 4_294_967_296, 9_999_999_999]) expect(parseNumber(`${number}`)).toBe(number);
});

for (const text of [
  '',
  '0',
  '00',
  '01',
  '+1',
  '-1',
  '1.0',
  '1.',
  '1e3',
  '0x10',
  '0b1',
  '0o7',
  ' 1',
  '1 ',
  '1\n',
  '1\u0000',
  '1_000',
  '1,000',
  '1n',
  '١',
  '１',
  '10000000000',
  '99999999999999999999',
  'Infinity',
  'NaN',
  'null',
]) {
  test(`${JSON.stringify(text)} is no number`, () => {
    expect(parseNumber(text)).toBeUndefined();
  });
}

test('a token has one partition, within the bounds', () => {
  for (const partitions of [1, 2, 8, 13]) {
    for (const token of Array.from({ length: 100 }, newToken)) {
      const partition = partitionOf(token, partitions);
      expect(partition).toBe(partitionOf(token, partitions));
      expect(Number.isInteger(partition) && partition >= 0 && partition < partitions).toBe(true);
    }
  }
});

test('tokens spread evenly over the partitions', () => {
  const counts = Array<number>(8).fill(0);
  for (let drawn = 0; drawn < 16_000; drawn += 1) counts[partitionOf(newToken(), 8)]! += 1;
  // 2,000 tokens are expected in each of the 8 partitions, with a standard deviation of 42.
  for (const count of counts) expect(Math.abs(count - 2_000)).toBeLessThan(300);
});
