import { describe, expect, test } from 'bun:test';
import { type Drawn, NUMBER_MAX, newEventId, newToken, Unavailable } from '@parley/domain';
import { drawFrom, failure, until } from '@parley/testing';
import { Redis } from 'ioredis';
import { redisUrl } from './testing/keys.ts';
import { draw, firstOf, messagesOf, TestSystem } from './testing/system.ts';

const DAY_SECONDS = 24 * 60 * 60;

describe('numbers in Redis', () => {
  const system = new TestSystem();

  /** Returns the time to live, in seconds, of the only key in Redis whose name has `part` in it. */
  async function secondsToLive(part: string): Promise<number> {
    const client = new Redis(redisUrl());
    const keys = await client.keys(`${system.prefix}*${part}*`);
    expect(keys).toHaveLength(1);
    const seconds = await client.ttl(keys[0] as string);
    client.disconnect();
    return seconds;
  }

  test('two processes draw from 20 sequences at once: every number once, none left out, in order for each', async () => {
    const drivers = [await system.ready(), await system.ready()];
    const sequences = Array.from({ length: 20 }, () => messagesOf());
    for (const sequence of sequences) await drivers[0]?.numbering.seed(sequence, { number: 0 });
    const drawn = sequences.map(() => [] as number[]);
    await Promise.all(
      drivers.flatMap(({ numbering }) =>
        Array.from({ length: 64 }, async (_, worker) => {
          for (let turn = 0; turn < 50; turn += 1) {
            const index = (worker + turn) % sequences.length;
            const count = 1 + (turn % 3);
            const first = await firstOf(numbering, sequences[index] as (typeof sequences)[0], count);
            for (let offset = 0; offset < count; offset += 1) drawn[index]?.push(first + offset);
          }
        }),
      ),
    );
    for (const numbers of drawn) {
      numbers.sort((a, b) => a - b);
      expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => index + 1));
    }
    expect(drawn.flat().length).toBeGreaterThan(10_000);
  });

  test('draws with and without a key of one sequence keep their order', async () => {
    const { numbering } = await system.ready();
    const sequence = messagesOf();
    await numbering.seed(sequence, { number: 0 });
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, index) => {
        const id = newEventId();
        const key = index % 3 === 0 ? { hash: id + id, body: id + id } : undefined;
        return drawFrom(numbering, { sequence, count: 1, key });
      }),
    );
    expect(answers.map((answer) => 'first' in answer && answer.first)).toEqual(answers.map((_, index) => index + 1));
  });

  test('more requests than may wait are refused at once, and nothing is drawn for them', async () => {
    const { numbering } = await system.ready();
    const sequence = messagesOf();
    await numbering.seed(sequence, { number: 0 });
    const draws = Array.from({ length: 25_000 }, () => draw(numbering, sequence));
    const results = await Promise.allSettled(draws);
    const refused = results.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(5_000);
    for (const { reason } of refused as PromiseRejectedResult[])
      expect(reason).toMatchObject({ dependency: 'requests' });
    expect(await firstOf(numbering, sequence)).toBe(20_001);
  });

  test('many sequences of one partition at once are all served', async () => {
    const { numbering } = await system.ready();
    const token = newToken();
    const sequences = Array.from({ length: 3_000 }, (_, index) => messagesOf(token, index + 1));
    await Promise.all(sequences.map((sequence, index) => numbering.seed(sequence, { number: index })));
    const firsts = await Promise.all(sequences.map((sequence) => firstOf(numbering, sequence)));
    expect(firsts).toEqual(sequences.map((_, index) => index + 1));
  });

  test('the last number is given, and none after it', async () => {
    const { numbering } = await system.ready();
    const sequence = messagesOf();
    await numbering.seed(sequence, { number: NUMBER_MAX - 1 });
    expect(await firstOf(numbering, sequence)).toBe(NUMBER_MAX);
    expect(await failure(draw(numbering, sequence))).toBeInstanceOf(Unavailable);
  });

  test('a counter lives for seven days after the last draw, a key for one day', async () => {
    const { numbering } = await system.ready();
    const sequence = messagesOf();
    await numbering.seed(sequence, { number: 0 });
    const client = new Redis(redisUrl());
    const [counter] = await client.keys(`${system.prefix}*${sequence.token}*`);
    await client.expire(counter as string, 60);
    client.disconnect();
    const id = newEventId();
    const drawn = await drawFrom(numbering, { sequence, count: 1, key: { hash: id + id, body: id + id } });
    expect(await secondsToLive(':messages:')).toBeGreaterThan(7 * DAY_SECONDS - 10);
    const { eventId } = drawn as Drawn;
    await numbering.confirm(sequence.token, { hash: id + id, body: id + id }, eventId);
    const key = await secondsToLive(':idem:');
    expect(key).toBeGreaterThan(DAY_SECONDS - 10);
    expect(key).toBeLessThanOrEqual(DAY_SECONDS);
  });

  test('a server that has forgotten its scripts is told them again', async () => {
    const { numbering } = await system.ready();
    const sequence = messagesOf();
    await numbering.seed(sequence, { number: 0 });
    const client = new Redis(redisUrl());
    await client.script('FLUSH');
    client.disconnect();
    expect(await firstOf(numbering, sequence)).toBe(1);
  });

  test('a highest number that was looked up in an earlier epoch creates no counter', async () => {
    const { numbering } = await system.ready();
    const sequence = messagesOf();
    const epoch = numbering.epochOf(sequence.token) as number;
    await numbering.seed(sequence, { number: 5 }, epoch - 1);
    expect(await draw(numbering, sequence)).toMatchObject({ status: 'missing' });
    await numbering.seed(sequence, { number: 7 }, epoch);
    expect(await firstOf(numbering, sequence)).toBe(8);
  });

  test('after the first epoch a key that is unknown here is drawn for only once the store was asked', async () => {
    const register = { next: async () => 3, last: async () => 3, begin: async () => {} };
    const { numbering } = await system.ready({ register });
    const sequence = messagesOf();
    await numbering.seed(sequence, { number: 0 });
    const key = { hash: 'a'.repeat(64), body: 'b'.repeat(64) };
    expect(await drawFrom(numbering, { sequence, count: 1, key })).toEqual({ status: 'unsure', epoch: 3 });
    expect(await drawFrom(numbering, { sequence, count: 1, key, keyAbsentIn: 2 })).toEqual({
      status: 'unsure',
      epoch: 3,
    });
    const drawn = await drawFrom(numbering, { sequence, count: 1, key, keyAbsentIn: 3 });
    expect(drawn).toMatchObject({ status: 'drawn', first: 1 });
    expect(await drawFrom(numbering, { sequence, count: 1, key })).toMatchObject({ status: 'repeated', first: 1 });
    const token = numbering.newToken(key);
    expect(await numbering.register({ token, key })).toEqual({ status: 'unsure', epoch: 3 });
    expect(await numbering.register({ token, key, keyAbsentIn: 3 })).toMatchObject({ status: 'drawn', token });
  });

  test('a key that was drawn for in an older epoch: confirmed it counts, else only the store can tell', async () => {
    let epoch = 1;
    const register = { next: async () => epoch, last: async () => epoch, begin: async () => {} };
    const { numbering } = await system.ready({ register, partitions: 1 });
    const sequence = messagesOf();
    await numbering.seed(sequence, { number: 0 });
    const keyOf = (digit: string) => ({ hash: digit.repeat(64), body: digit.repeat(64) });
    const [first] = await Promise.all(
      ['1', '2'].map((digit) => drawFrom(numbering, { sequence, count: 1, key: keyOf(digit) })),
    );
    await numbering.confirm(sequence.token, keyOf('1'), (first as Drawn).eventId);
    epoch = 2;
    // A used counter is missing: a new epoch begins.
    await failure(numbering.seed(messagesOf(), { number: 2, epoch: 1, at: Date.now() }, 1));
    await until('the next epoch is open', () => numbering.epochOf(sequence.token) === 2);
    await numbering.seed(sequence, { number: 1 });
    const draw = (digit: string, keyAbsentIn?: number) =>
      drawFrom(numbering, { sequence, count: 1, key: keyOf(digit), keyAbsentIn });
    expect(await draw('1')).toMatchObject({ status: 'repeated', first: 1, epoch: 1, confirmed: true });
    expect(await draw('2')).toEqual({ status: 'unsure', epoch: 2 });
    expect(await draw('2', 2)).toMatchObject({ status: 'drawn', first: 2, epoch: 2 });
    expect(await draw('2')).toMatchObject({ status: 'repeated', first: 2, epoch: 2, confirmed: false });
  });

  test('closing twice is fine, and refuses', async () => {
    const drivers = await system.ready();
    await Promise.all([drivers.close(), drivers.close()]);
    expect(await failure(draw(drivers.numbering, messagesOf()))).toBeInstanceOf(Unavailable);
    expect(await failure(drivers.ping())).toBeInstanceOf(Unavailable);
  });
});
