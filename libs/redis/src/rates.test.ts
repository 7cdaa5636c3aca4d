import { describe, expect, test } from 'bun:test';
import { type DrawAnswer, type MessageRate, messageRate, partitionOf, type Sequence } from '@parley/domain';
import { drawFrom, failure, until } from '@parley/testing';
import { Redis } from 'ioredis';
import type { RedisNumbering } from './numbering.ts';
import { redisUrl } from './testing/keys.ts';
import { canStartServers } from './testing/server.ts';
import { draw, messagesOf, PARTITIONS, TestSystem, tokenIn } from './testing/system.ts';

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

  test('several sequences of an application in one round share its limit, in order, with and without keys', async () => {
    const { numbering } = await system.ready();
    const { token } = await seeded(numbering);
    const chats = [1, 2, 3, 4, 5].map((chat) => messagesOf(token, chat));
    await Promise.all(chats.map((chat) => seeded(numbering, chat)));
    const key = { hash: 'a'.repeat(64), body: 'b'.repeat(64) };
    const answers = await Promise.all(
      chats.map((sequence, index) =>
        drawFrom(numbering, { sequence, count: 300, rate: SLOW, ...(index % 2 === 1 && { key }) }),
      ),
    );
    // The second and the fourth have the same key: the fourth repeats the second.
    expect(statuses(answers)).toEqual(['drawn', 'drawn', 'drawn', 'repeated', 'limited']);
    expect(answers[2]).toMatchObject({ remaining: 100 });
  });

  test('a limit that is changed between two draws of one turn counts from then on', async () => {
    const { numbering } = await system.ready();
    const sequence = await seeded(numbering);
    const rates = [SLOW, undefined, { ...SLOW, burst: 2_000 }, SLOW];
    const answers = await Promise.all(rates.map((rate) => drawFrom(numbering, { sequence, count: 1_000, rate })));
    // All of the burst of 1,000 is used up, so all of the burst of 2,000 is.
    expect(statuses(answers)).toEqual(['drawn', 'drawn', 'limited', 'limited']);
    expect(answers[1]).toMatchObject({ first: 1_001 });
  });

  test('what is kept for a limit lives until all of the burst is free again', async () => {
    const { numbering } = await system.ready();
    const sequence = await seeded(numbering);
    const client = new Redis(redisUrl());
    const name = `${system.prefix}{p${partitionOf(sequence.token, PARTITIONS)}}:e1:r:${sequence.token}`;
    expect(await client.pttl(name)).toBe(-2);
    await drawAll(numbering, sequence, [500], { perSecond: 100, burst: 1_000 });
    expect(await client.pttl(name)).toBeWithin(4_000, 5_001);
    await drawAll(numbering, sequence, [500], messageRate(1_000_000_000));
    client.disconnect();
  });

  test('a clock that was set back takes no room away, and time makes room from then on', async () => {
    const { numbering } = await system.ready();
    const sequence = await seeded(numbering);
    const client = new Redis(redisUrl());
    const name = `${system.prefix}{p${partitionOf(sequence.token, PARTITIONS)}}:e1:r:${sequence.token}`;
    const inAnHour = (Date.now() + 60 * 60 * 1_000) * 1_000;
    await client.set(name, `${inAnHour} 0.75`, 'PX', 60_000);
    const [refused] = await drawAll(numbering, sequence, [251]);
    expect((refused as { retryAfterMs: number }).retryAfterMs).toBeWithin(9_000, 10_001);
    const faster = { perSecond: 1_000, burst: 1_000 };
    await until('more fits', async () => {
      const [answer] = await drawAll(numbering, sequence, [260], faster);
      return answer?.status === 'drawn';
    });
    client.disconnect();
  });

  test('two processes at ten times the limit get the burst and the rate, and not less; others are not touched', async () => {
    const drivers = [await system.ready(), await system.ready()];
    const [{ numbering }] = drivers as [(typeof drivers)[0], ...typeof drivers];
    const rate = messageRate(2_000);
    const sequence = await seeded(numbering);
    const other = await seeded(numbering, messagesOf(tokenIn(partitionOf(sequence.token, PARTITIONS))));
    const started = performance.now();
    const untilMs = started + 1_500;
    const granted: number[] = [];
    let asked = 0;
    let lastAt = 0;
    const ask = async (each: RedisNumbering, count: number) => {
      asked += count;
      const answer = await drawFrom(each, { sequence, count, rate });
      if (answer.status !== 'drawn') return;
      for (let offset = 0; offset < count; offset += 1) granted.push(answer.first + offset);
    };
    const flood = drivers.map(async (each, index) => {
      while (performance.now() < untilMs) {
        // Ten times the limit, if the machine does a turn in six milliseconds.
        await Promise.all(Array.from({ length: 60 }, (_, turn) => ask(each.numbering, 1 + ((turn + index) % 3))));
        lastAt = performance.now();
      }
    });
    const others: DrawAnswer[] = [];
    const beside = (async () => {
      while (performance.now() < untilMs) {
        others.push(await drawFrom(numbering, { sequence: other, count: 1, rate }));
        await Bun.sleep(2);
      }
    })();
    await Promise.all([...flood, beside]);
    const ended = performance.now();
    expect(asked).toBeGreaterThan(3 * (rate.burst + rate.perSecond * 1.5));
    expect(granted.length).toBeLessThanOrEqual(rate.burst + (rate.perSecond * (ended - started)) / 1_000 + 1);
    // It is not less by a batch: only what became free after the last draws is left.
    expect(granted.length).toBeGreaterThan((rate.perSecond * (lastAt - started)) / 1_000 + rate.burst - 1_000);
    granted.sort((a, b) => a - b);
    expect(granted).toEqual(granted.map((_, index) => index + 1));
    expect(new Set(statuses(others))).toEqual(new Set(['drawn']));
  });
});

describe.skipIf(!canStartServers())('the limit of messages after a loss in Redis', () => {
  const system = new TestSystem();

  test('begins anew in the new epoch', async () => {
    const server = await system.server();
    const { numbering } = await system.ready({ servers: { url: server.url } });
    const sequence = await seeded(numbering);
    expect(statuses(await drawAll(numbering, sequence, [1_000, 1]))).toEqual(['drawn', 'limited']);
    await server.kill();
    await server.start();
    await until('a new epoch is open', () => numbering.epochOf(sequence.token) === 2);
    await until('it draws again', async () => (await failure(draw(numbering, sequence))) === undefined);
    await numbering.seed(sequence, { number: 1_000 });
    expect(await drawAll(numbering, sequence, [1_000, 1])).toMatchObject([
      { status: 'drawn', first: 1_001, epoch: 2, remaining: 0 },
      { status: 'limited' },
    ]);
  });
});
