import { describe, expect, test } from 'bun:test';
import { checkEvent, type Event, type Rejection } from '@parley/domain';
import { failure, publishTo, until } from '@parley/testing';
import type { ConsumeMessage } from 'amqplib';
import { away } from './connection.ts';
import { RabbitSource } from './event-source.ts';
import { Outbox } from './outbox.ts';
import { newStats } from './stats.ts';
import { onChannel, rabbitmqUrl, testTopology } from './testing/queues.ts';
import { messages, TestSystem } from './testing/system.ts';
import { Topology } from './topology.ts';

describe('RabbitMQ gets no acknowledgement of', () => {
  const system = new TestSystem(1);
  const queue = () => testTopology(system.queuePrefix, 1).queue(0);

  /** Returns the next `count` deliveries, and closes their connection without an ack. */
  async function take(count: number): Promise<ConsumeMessage[]> {
    return onChannel(async (channel) => {
      const { promise, resolve } = Promise.withResolvers<ConsumeMessage[]>();
      const taken: ConsumeMessage[] = [];
      await channel.consume(queue(), (message) => {
        if (message !== null && taken.push(message) === count) resolve(taken);
      });
      return promise;
    });
  }

  /** Takes all that the queue holds. Returns each fence's id, and the type of every other message. */
  async function left(): Promise<unknown[]> {
    const { messageCount } = await onChannel((channel) => channel.checkQueue(queue()));
    const taken = messageCount === 0 ? [] : await take(messageCount);
    return taken.map(({ properties }) => properties.correlationId ?? properties.type);
  }

  test('a delivery whose dead letter is not confirmed, even while the consuming connection works', async () => {
    const publishing = await system.started();
    const stats = newStats();
    const topology = new Topology({ partitions: 1, queuePrefix: system.queuePrefix, queueBytesMax: 512 * 1024 * 1024 });
    const shared = { url: rabbitmqUrl(), topology, stats, logger: undefined };
    const outbox = new Outbox(shared);
    outbox.publishWithin = () => Promise.reject(away());
    const source = new RabbitSource({ ...shared, outbox, check: checkEvent });
    await source.consume(async (events) =>
      events.map((event): Rejection => ({ event, reason: 'collision', detail: '' })),
    );
    await publishTo(publishing.log, messages(system.token(0)));
    await until('it could not be put aside twice', () => stats.batchesRetried > 1);
    await source.stop();
    await outbox.close();
    expect(await left()).toEqual(['events']);
  });

  test('a redelivered fence that still waits, after an event behind it was stored', async () => {
    const drivers = await system.started();
    const other = await system.started();
    const token = system.token(0);
    const sent = [drivers, other].map(({ log }) => failure(log.fence(token, 50)));
    await Promise.all(sent);
    const event = messages(token);
    await publishTo(drivers.log, event);
    await take(3);
    const stored: Event[] = [];
    let tries = 0;
    const store = async (events: readonly Event[]) => {
      stored.push(...events);
      return [];
    };
    // The first fence is delivered alone, and not answered. Then come the second fence, the event, and the first fence
    // again.
    await drivers.source.consume(store, async () => {
      tries += 1;
      throw new Error('the store is unreachable');
    });
    await until('the fences could not be passed', () => tries > 0);
    await drivers.source.stop();
    expect(stored).toEqual([event]);
    expect((await left()).filter((what) => what === '0:1')).toHaveLength(2);
  });
});
