import { describe, expect, test } from 'bun:test';
import type { Event } from '@parley/domain';
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
});
