import { describe, expect, test } from 'bun:test';
import type { DrawAnswer, MessageRate, Sequence } from '@parley/domain';
import { drawFrom } from '@parley/testing';
import type { RedisNumbering } from './numbering.ts';
import { draw, messagesOf, TestSystem } from './testing/system.ts';

/** 1,000 messages at once, and then one in ten seconds: nothing becomes free during a test. */
const SLOW: MessageRate = { perSecond: 0.1, burst: 1_000 };

async function seeded(numbering: RedisNumbering, sequence = messagesOf()): Promise<Sequence> {
  await numbering.seed(sequence, { number: 0 });
  return sequence;
}

function drawAll(numbering: RedisNumbering, sequence: Sequence, counts: readonly number[], rate = SLOW) {
  return Promise.all(counts.map((count) => drawFrom(numbering, { sequence, count, rate })));
}

const statuses = (answers: readonly DrawAnswer[]) => answers.map(({ status }) => status);

describe('the limit of messages in Redis', () => {
  const system = new TestSystem();

  test('of the draws of one turn the longest prefix that fits is drawn, however much is asked for', async () => {
    const { numbering } = await system.ready();
    const sequence = await seeded(numbering);
    const answers = await drawAll(numbering, sequence, Array<number>(10_000).fill(1));
    expect(statuses(answers)).toEqual([...Array(1_000).fill('drawn'), ...Array(9_000).fill('limited')]);
    expect(answers.slice(0, 1_000).map((answer) => 'first' in answer && answer.first)).toEqual(
      Array.from({ length: 1_000 }, (_, index) => index + 1),
    );
    // No number was lost for those that were refused.
    expect(await draw(numbering, sequence)).toMatchObject({ status: 'drawn', first: 1_001 });
  });

  test('a round tells how many fit still, and each refused draw how long its own count has to wait', async () => {
    const { numbering } = await system.ready();
    const sequence = await seeded(numbering);
    const [first, second, third] = await drawAll(numbering, sequence, [700, 400, 600]);
    expect(first).toMatchObject({ status: 'drawn', first: 1, remaining: 300 });
    expect((second as { retryAfterMs: number }).retryAfterMs).toBeWithin(999_000, 1_000_001);
    expect((third as { retryAfterMs: number }).retryAfterMs).toBeWithin(2_999_000, 3_000_001);
    expect(await drawAll(numbering, sequence, [300])).toMatchObject([{ status: 'drawn', first: 701, remaining: 0 }]);
  });
});
