import { expect, test } from 'bun:test';
import { RequestProblem } from '@parley/http';
import { extrasOf, extrasOfBatch } from './extras.ts';

test('a message without more than its content has no extras, nor has a batch of such messages', () => {
  expect(extrasOf({})).toBeUndefined();
  expect(extrasOfBatch([{}, {}])).toBeUndefined();
});

test('extras are what was given, one for each message of a batch', () => {
  expect(extrasOf({ sender_id: 'anna' })).toEqual([{ senderId: 'anna' }]);
  expect(
    extrasOfBatch([{}, { metadata: { b: 1, a: [' '] } }, { sender_id: 'anna', created_at: '2019-05-01T00:00:00.5Z' }]),
  ).toEqual([
    {},
    { metadata: '{"b":1,"a":[" "]}' },
    { senderId: 'anna', createdAt: Date.UTC(2019, 4, 1, 0, 0, 0, 500) },
  ]);
});

function errorsOf(attempt: () => unknown) {
  try {
    attempt();
  } catch (error) {
    if (error instanceof RequestProblem) return [error.status, error.errors?.map(({ path }) => path)];
    throw error;
  }
  return undefined;
}

test('what is wrong is a 422 with its path, of at most twenty messages', () => {
  const tooLong = { text: 'x'.repeat(5_000) };
  expect(errorsOf(() => extrasOf({ metadata: tooLong }))).toEqual([422, ['/metadata']]);
  expect(errorsOf(() => extrasOf({ metadata: { n: 2 ** 60 } }))).toEqual([422, ['/metadata']]);
  expect(
    errorsOf(() =>
      extrasOfBatch([
        {},
        { metadata: tooLong, created_at: '2019-02-31T00:00:00Z' },
        { created_at: '1969-12-31T23:59:59Z' },
      ]),
    ),
  ).toEqual([422, ['/messages/1/metadata', '/messages/1/created_at', '/messages/2/created_at']]);
  expect(errorsOf(() => extrasOfBatch(Array(1_000).fill({ metadata: tooLong })))?.[1]).toHaveLength(20);
});

test('a time may be a little ahead of our clock, not more', () => {
  const ahead = (ms: number) => ({ created_at: new Date(Date.now() + ms).toISOString() });
  expect(errorsOf(() => extrasOfBatch([ahead(5_000)]))).toBeUndefined();
  expect(errorsOf(() => extrasOfBatch([ahead(3_600_000)]))).toEqual([422, ['/messages/0/created_at']]);
});
