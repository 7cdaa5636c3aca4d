import { describe, expect, test } from 'bun:test';
import { type Event, encodeEnvelope } from '@parley/domain';
import { publishTo, until } from '@parley/testing';
import { connect } from 'amqplib';
import { onChannel, rabbitmqUrl, testTopology } from './testing/queues.ts';
import { messages, TestSystem } from './testing/system.ts';

describe('dead letters that RabbitMQ has put aside', () => {
  const system = new TestSystem();

  /** Takes one delivery and closes its connection without an ack, like a worker that crashes. */
  async function crash(queue: string): Promise<void> {
    const connection = await connect(rabbitmqUrl());
    const channel = await connection.createChannel();
    const { promise: taken, resolve } = Promise.withResolvers<void>();
    await channel.prefetch(1);
    await channel.consume(queue, () => resolve());
    await taken;
    await connection.close();
  }

  test('after 50 lost consumers an envelope is a dead letter (undeliverable), and can be published again', async () => {
    const drivers = await system.started();
    const token = system.token(1);
    const event = messages(token);
    await publishTo(drivers.log, event);
    for (let lost = 0; lost < 51; lost += 1) await crash(testTopology(system.queuePrefix, 2).queue(1));
    await until('it is a dead letter', async () => (await drivers.deadLetters.count()) === 1);
    const [letter] = await drivers.deadLetters.list(10);
    expect(letter).toMatchObject({ reason: 'undeliverable', detail: 'delivery_limit', partition: 1 });
    expect(Math.abs((letter?.at ?? 0) - Date.now())).toBeLessThan(60_000);
    expect(await drivers.deadLetters.replay(10)).toBe(1);
    const stored: Event[] = [];
    await drivers.source.consume(async (events) => {
      stored.push(...events);
      return [];
    });
    await drivers.log.fence(token, 5_000);
    // a replayed event has an epoch that is never too old
    expect(stored).toEqual([{ ...event, epoch: Number.MAX_SAFE_INTEGER }]);
  });

  test('a letter of unknown origin is listed and not replayed; a purge removes only what matches', async () => {
    const drivers = await system.started();
    const queue = testTopology(system.queuePrefix, 2).deadLetters;
    await onChannel(async (channel) => {
      for (let count = 0; count < 3; count += 1) channel.sendToQueue(queue, Buffer.from('by hand'));
      await channel.checkQueue(queue);
    });
    expect(await drivers.deadLetters.replay(10)).toBe(0);
    expect(await drivers.deadLetters.list(2)).toHaveLength(2);
    expect(await drivers.deadLetters.purge(2)).toBe(2);
    expect(await drivers.deadLetters.purge(10, ({ reason }) => reason === 'late')).toBe(0);
    await until('the one that was kept is back', async () => (await drivers.deadLetters.count()) === 1);
  });

  test('the events of what was deleted are removed; those beside them stay, and so does what is no event', async () => {
    const drivers = await system.started();
    const topology = testTopology(system.queuePrefix, 2);
    const [dead, alive] = [system.token(1), system.token(1)];
    const kept = messages(alive, 2, ['keep']);
    await onChannel(async (channel) => {
      const put = (content: string) => {
        const headers = { reason: 'rejected', detail: 'by a test', partition: 1, at: 7 };
        channel.sendToQueue(topology.deadLetters, Buffer.from(content), { headers, persistent: true });
      };
      put(encodeEnvelope(1, [messages(dead, 1, ['secret'])]));
      put(encodeEnvelope(1, [messages(dead, 2, ['secret']), kept]));
      put(encodeEnvelope(1, [messages(alive, 1, ['keep'])]));
      put('no event');
      await channel.checkQueue(topology.deadLetters);
    });
    await until('all are there', async () => (await drivers.deadLetters.count()) === 4);
    expect(await drivers.deadLetters.removeEvents(10, async ({ token }) => token === dead)).toBe(2);
    await until('those that were kept are back', async () => (await drivers.deadLetters.count()) === 3);
    const letters = await drivers.deadLetters.list(10);
    expect(letters.some(({ content }) => content.includes('secret'))).toBe(false);
    expect(letters.find(({ content }) => content.includes(kept.id))).toEqual({
      ...{ reason: 'rejected', detail: 'by a test', partition: 1, at: 7 },
      content: Buffer.from(encodeEnvelope(1, [kept])),
    });
  });
});
