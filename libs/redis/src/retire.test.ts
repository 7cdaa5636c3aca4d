import { describe, expect, test } from 'bun:test';
import { newToken, Unavailable } from '@parley/domain';
import { drawFrom, failure } from '@parley/testing';
import { Redis } from 'ioredis';
import { redisUrl } from './testing/keys.ts';
import { draw, firstOf, messagesOf, TestSystem, tokenIn } from './testing/system.ts';

const DAY_SECONDS = 24 * 60 * 60;

describe('the numbers of a deleted application or chat', () => {
  const system = new TestSystem();

  async function commands<T>(use: (client: Redis) => Promise<T>): Promise<T> {
    const client = new Redis(redisUrl());
    try {
      return await use(client);
    } finally {
      client.disconnect();
    }
  }

  test('end by a process that draws none and knows no epoch', async () => {
    const { numbering } = await system.ready();
    const api = await system.ready({ register: undefined });
    const token = newToken();
    await numbering.seed(messagesOf(token), { number: 0 });
    await api.numbering.retire({ token, chat: 1 });
    expect(await draw(numbering, messagesOf(token))).toEqual({ status: 'gone' });
    await api.numbering.retire({ token });
    expect(await draw(numbering, { kind: 'chats', token })).toEqual({ status: 'gone' });
  });

  test('end before others of the same round', async () => {
    const { numbering } = await system.ready();
    const [dead, alive] = [tokenIn(1), tokenIn(1)];
    for (const token of [dead, alive]) await numbering.seed(messagesOf(token), { number: 0 });
    await numbering.retire({ token: dead });
    const key = { hash: 'a'.repeat(64), body: 'b'.repeat(64) };
    const answers = await Promise.all([
      draw(numbering, messagesOf(alive)),
      drawFrom(numbering, { sequence: messagesOf(dead), count: 1, key }),
      draw(numbering, messagesOf(dead)),
      draw(numbering, messagesOf(alive)),
      numbering.register({ token: tokenIn(1) }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(['drawn', 'gone', 'gone', 'drawn', 'drawn']);
  });

  test('cannot be ended while no epoch is open', async () => {
    const { numbering } = await system.ready();
    const token = newToken();
    const epochKeys = () => commands((client) => client.keys(`${system.prefix}*:epoch`));
    for (const state of ['opening', 'lost']) {
      for (const key of await epochKeys()) await commands((client) => client.hset(key, 'state', state));
      expect(await failure(numbering.retire({ token, chat: 1 }))).toBeInstanceOf(Unavailable);
    }
    for (const key of await epochKeys()) await commands((client) => client.hset(key, 'state', 'open', 'run', 'other'));
    expect(await failure(numbering.retire({ token }))).toBeInstanceOf(Unavailable);
    for (const key of await epochKeys()) await commands((client) => client.unlink(key));
    expect(await failure(numbering.retire({ token }))).toBeInstanceOf(Unavailable);
  });

  test('that an application was deleted is known longer than any counter below it lives', async () => {
    const { numbering } = await system.ready();
    const token = newToken();
    await numbering.seed(messagesOf(token), { number: 0 });
    await numbering.retire({ token });
    const seconds = (part: string) =>
      commands(async (client) => {
        const [key, ...more] = await client.keys(`${system.prefix}*${part}*`);
        expect(more).toEqual([]);
        return client.ttl(key ?? '');
      });
    expect(await seconds(`:chats:${token}`)).toBeWithin(7 * DAY_SECONDS - 60, 7 * DAY_SECONDS + 1);
    expect(await seconds(`:gone:${token}`)).toBeGreaterThan((await seconds(`:messages:${token}`)) + DAY_SECONDS);
  });

  test('are asked of the store in a new epoch, also for an idempotency key that Redis still knows', async () => {
    const server = await system.server();
    const servers = { url: server.url };
    const drivers = await system.ready({ servers });
    const { numbering } = drivers;
    const sequence = messagesOf();
    await numbering.seed(sequence, { number: 0 });
    const key = { hash: 'a'.repeat(64), body: 'b'.repeat(64) };
    const drawn = await drawFrom(numbering, { sequence, count: 1, key });
    if (drawn.status !== 'drawn') throw new Error(`expected a draw, got ${drawn.status}`);
    await numbering.confirm(sequence.token, key, drawn.eventId);
    await numbering.retire({ token: sequence.token, chat: 1 });
    await server.kill();
    expect(await failure(numbering.retire({ token: sequence.token, chat: 1 }))).toBeInstanceOf(Unavailable);
    await drivers.close();
    await server.start();
    const later = (await system.ready({ servers })).numbering;
    expect(await draw(later, sequence)).toMatchObject({ status: 'missing' });
    expect(await drawFrom(later, { sequence, count: 1, key })).toMatchObject({ status: 'missing' });
    await later.seed(sequence, { number: 1 });
    expect(await drawFrom(later, { sequence, count: 1, key })).toMatchObject({ status: 'repeated', confirmed: true });
    expect(await firstOf(later, sequence)).toBe(2);
  });
});
