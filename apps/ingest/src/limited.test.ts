import { expect, test } from 'bun:test';
import { LimitReached, messageRate, Unavailable } from '@parley/domain';
import { notingLimit, refuseEarly } from './limited.ts';

const failure = (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

function quotaOf(limitedForMs: number) {
  const noted: number[] = [];
  const quota = {
    rate: messageRate(5),
    noteMessages: () => {},
    noteLimited: (retryAfterMs: number) => void noted.push(retryAfterMs),
    limitedForMs: () => limitedForMs,
  };
  return { quota, noted };
}

test('while a single message is beyond the limit, it is refused here; not a repetition, not others', () => {
  expect(() => refuseEarly(quotaOf(300).quota, false)).toThrow(new LimitReached('messagesPerSecond', 300));
  refuseEarly(quotaOf(300).quota, true);
  refuseEarly(quotaOf(0).quota, false);
  refuseEarly(undefined, false);
});

test('a draw beyond the limit is noted; other outcomes are not', async () => {
  const { quota, noted } = quotaOf(0);
  const reached = new LimitReached('messagesPerSecond', 250);
  expect(await failure(notingLimit(quota, Promise.reject(reached)))).toBe(reached);
  await failure(notingLimit(quota, Promise.reject(new Unavailable('numbers', 'away'))));
  expect(await notingLimit(quota, Promise.resolve(1))).toBe(1);
  expect(noted).toEqual([250]);
  const answer = Promise.resolve(1);
  expect(notingLimit(undefined, answer)).toBe(answer);
});
