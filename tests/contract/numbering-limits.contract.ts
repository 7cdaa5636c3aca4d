import { describe, expect, test } from 'bun:test';
import {
  type DrawAnswer,
  type IdempotencyKey,
  type MessageRate,
  messageRate,
  newToken,
  type Sequence,
} from '@parley/domain';
import { drawFrom, until } from '@parley/testing';
import { firstDrawn, messagesOf, type NumberingHarness, newKey } from './numbering.contract.ts';
import { opened } from './open-harness.ts';

/** So slow that no message becomes free during a test. */
const SLOW: MessageRate = { perSecond: 0.01, burst: 1_000 };

export function numberingLimitsContract(name: string, open: () => Promise<NumberingHarness>): void {
  describe(`${name} numbering, the limit of messages`, () => {
    const harness = opened(open);

    interface Asked {
      readonly count?: number;
      readonly rate?: MessageRate;
      readonly key?: IdempotencyKey;
    }

    const ask = (sequence: Sequence, { count = 1, rate = SLOW, key }: Asked = {}): Promise<DrawAnswer> =>
      drawFrom(harness().numbering, { sequence, count, rate, key });

    async function seeded(token = newToken(), chat = 1): Promise<Sequence> {
      const sequence = messagesOf(token, chat);
      await harness().numbering.seed(sequence, { number: 0 });
      return sequence;
    }

    function limitedMs(answer: DrawAnswer): number {
      if (answer.status !== 'limited') throw new Error(`expected limited, got ${answer.status}`);
      return answer.retryAfterMs;
    }

    test('an idle application can draw its whole burst at once, and then nothing', async () => {
      const sequence = await seeded();
      expect(await ask(sequence, { count: 1_000 })).toMatchObject({ status: 'drawn', first: 1, remaining: 0 });
      // One message becomes free in 100 seconds.
      expect(limitedMs(await ask(sequence))).toBeWithin(90_000, 100_001);
      expect(limitedMs(await ask(sequence, { count: 1_000 }))).toBeWithin(99_990_000, 100_000_001);
    });

    test('a draw tells how many more messages fit', async () => {
      const sequence = await seeded();
      expect(await ask(sequence, { count: 400 })).toMatchObject({ status: 'drawn', remaining: 600 });
      expect(limitedMs(await ask(sequence, { count: 601 }))).toBeWithin(90_000, 100_001);
      expect(await ask(sequence, { count: 600 })).toMatchObject({ status: 'drawn', first: 401, remaining: 0 });
    });

    test('a draw without a rate has no limit, and tells nothing of one', async () => {
      const { numbering } = harness();
      const sequence = await seeded();
      await ask(sequence, { count: 1_000 });
      const answer = await drawFrom(numbering, { sequence, count: 1_000 });
      expect(answer).toMatchObject({ status: 'drawn', first: 1_001 });
      expect(answer).not.toHaveProperty('remaining');
    });

    test('at ten times the limit in one turn, as many draws as fit get consecutive numbers in order', async () => {
      const sequence = await seeded();
      const answers = await Promise.all(Array.from({ length: 10_000 }, () => ask(sequence)));
      const drawn = answers.slice(0, 1_000).map((answer) => 'first' in answer && answer.first);
      expect(drawn).toEqual(Array.from({ length: 1_000 }, (_, index) => index + 1));
      for (const answer of answers.slice(1_000)) expect(limitedMs(answer)).toBeWithin(90_000, 100_001);
    });

    test('no number is lost for what was refused', async () => {
      const sequence = await seeded();
      await ask(sequence, { count: 999 });
      await Promise.all([2, 3, 1_000].map((count) => ask(sequence, { count })));
      expect(await firstDrawn(harness().numbering, sequence)).toBe(1_000);
    });

    test('what was refused takes no room', async () => {
      const sequence = await seeded();
      await ask(sequence, { count: 500 });
      for (let time = 0; time < 5; time += 1) limitedMs(await ask(sequence, { count: 501 }));
      expect(await ask(sequence, { count: 500 })).toMatchObject({ status: 'drawn', first: 501 });
    });

    test('the chats of an application share its limit, and other applications have their own', async () => {
      const token = newToken();
      const chats = [await seeded(token, 1), await seeded(token, 2), await seeded(token, 3)];
      const other = await seeded();
      const counts = [600, 500, 400];
      const answers = await Promise.all(
        [...chats, other].map((sequence, index) => ask(sequence, { count: counts[index] ?? 1_000 })),
      );
      expect(answers.map(({ status }) => status)).toEqual(['drawn', 'limited', 'drawn', 'drawn']);
      for (const chat of chats) expect(await ask(chat)).toMatchObject({ status: 'limited' });
    });

    test('a draw with a key takes room, and repeating it takes none, also when nothing fits', async () => {
      const sequence = await seeded();
      const key = newKey();
      const first = await ask(sequence, { count: 900, key });
      expect(first).toMatchObject({ status: 'drawn', first: 1, remaining: 100 });
      expect(await ask(sequence, { count: 900, key })).toMatchObject({ status: 'repeated', first: 1 });
      expect(await ask(sequence, { count: 100 })).toMatchObject({ status: 'drawn', remaining: 0 });
      expect(await ask(sequence, { count: 900, key })).toMatchObject({ status: 'repeated', first: 1 });
      const other = { ...key, body: newKey('another body').body };
      expect(await ask(sequence, { count: 900, key: other })).toEqual({ status: 'conflict' });
    });

    test('a key whose draw was refused stays free', async () => {
      const sequence = await seeded();
      const key = newKey();
      await ask(sequence, { count: 1_000 });
      expect(await ask(sequence, { key })).toMatchObject({ status: 'limited' });
      const changed = { ...key, body: newKey('another body').body };
      const drawn = await drawFrom(harness().numbering, { sequence, count: 1, key: changed });
      expect(drawn).toMatchObject({ status: 'drawn', first: 1_001 });
    });

    test('a missing counter and a deleted chat are told also beyond the limit, and take no room', async () => {
      const { numbering, deleteStored } = harness();
      const token = newToken();
      const sequence = await seeded(token, 1);
      const missing = messagesOf(token, 2);
      for (let time = 0; time < 2; time += 1) {
        expect(await ask(missing, { count: 1_000 })).toMatchObject({ status: 'missing' });
        expect(await ask(missing, { count: 1_000, key: newKey() })).toMatchObject({ status: 'missing' });
        await ask(sequence, { count: 1_000 });
      }
      await deleteStored({ token, chat: 1 });
      await numbering.retire({ token, chat: 1 });
      expect(await ask(sequence)).toEqual({ status: 'gone' });
      expect(await ask(sequence, { key: newKey() })).toEqual({ status: 'gone' });
    });

    test('single messages out of a great burst all count', async () => {
      const sequence = await seeded();
      const rate = { perSecond: 0.01, burst: 10_000_000 };
      for (let time = 1; time <= 50; time += 1) {
        expect(await ask(sequence, { rate })).toMatchObject({ status: 'drawn', remaining: rate.burst - time });
      }
    });

    test('with time, messages fit again, at the rate of the limit', async () => {
      const sequence = await seeded();
      const rate = messageRate(1_000);
      await ask(sequence, { count: 1_000, rate });
      const started = performance.now();
      for (let granted = 0; granted < 300; ) {
        if ((await ask(sequence, { rate })).status === 'drawn') granted += 1;
      }
      // One a millisecond. Some have become free before `started`, while the first answer was on its way.
      expect(performance.now() - started).toBeGreaterThan(200);
    });

    test('after its wait a refused draw fits', async () => {
      const sequence = await seeded();
      const rate = messageRate(200);
      await ask(sequence, { count: 1_000, rate });
      const waitMs = limitedMs(await ask(sequence, { count: 20, rate }));
      expect(waitMs).toBeWithin(0, 100.001);
      await Bun.sleep(Math.ceil(waitMs) + 1);
      expect(await ask(sequence, { count: 20, rate })).toMatchObject({ status: 'drawn' });
    });

    test('a higher limit helps at once', async () => {
      const sequence = await seeded();
      await ask(sequence, { count: 1_000, rate: messageRate(1) });
      const rate = messageRate(10_000);
      await until('a message fits', async () => (await ask(sequence, { rate })).status === 'drawn');
      await until('hundreds fit', async () => (await ask(sequence, { count: 500, rate })).status === 'drawn');
    });

    test('the highest limit is no limit in effect', async () => {
      const sequence = await seeded();
      const rate = messageRate(1_000_000_000);
      for (let time = 0; time < 50; time += 1) {
        expect(await ask(sequence, { count: 1_000, rate })).toMatchObject({ status: 'drawn', first: time * 1_000 + 1 });
      }
    });
  });
}
