import { describe, expect, test } from 'bun:test';
import type { Event, Token } from '@parley/domain';
import { publishTo, TcpProxy, until } from '@parley/testing';
import { onChannel, rabbitmqUrl, testTopology } from './testing/queues.ts';
import { messages, TestSystem } from './testing/system.ts';

/** Twelve events of 1,000 messages, 6 MB each. */
function largeMessages(token: Token, first: number): Event[] {
  return Array.from({ length: 12 }, (_, place) => {
    const contents = Array.from({ length: 1_000 }, () => 'x'.repeat(6_000));
    return messages(token, first + place * 1_000, contents);
  });
}

describe('the unacked deliveries of a consumer', () => {
  const system = new TestSystem();
  const queue = (partition: number) => testTopology(system.queuePrefix, system.partitions).queue(partition);
  /** How many envelopes in the queue of partition 0 are not delivered to a consumer. */
  const waiting = async () => (await onChannel((channel) => channel.checkQueue(queue(0)))).messageCount;

  test('an event whose batch throws each time uses up only its own delivery limit', async () => {
    const drivers = await system.started();
    const token = system.token(0);
    const events = Array.from({ length: 30 }, (_, place) => messages(token, 1 + place));
    const [first, bad] = [events[0] as Event, events[15] as Event];
    const { promise: gate, resolve: release } = Promise.withResolvers<void>();
    const stored = new Set<string>();
    await drivers.source.consume(async (batch) => {
      if (batch[0] !== undefined && batch[0].id !== first.id) await gate;
      if (batch.some(({ id }) => id === bad.id)) return null as never; // this makes the batch throw, as a bug would
      for (const { id } of batch) stored.add(id);
      return [];
    });
    await publishTo(drivers.log, first);
    await until('many are taken at once', () => stored.size === 1);
    for (const event of events.slice(1)) await publishTo(drivers.log, event);
    await until('all are delivered', () => drivers.stats.deliveries === 30);
    release();
    await until('the others are stored', () => stored.size === 29);
    await until('the one is given up', async () => (await drivers.deadLetters.count()) > 0);
    const letters = await drivers.deadLetters.list(100);
    expect(letters.map(({ reason }) => reason)).toEqual(['undeliverable']);
    expect(letters[0]?.content.toString()).toContain(bad.id);
  });

  test('are one envelope until the first commit, then more at once', async () => {
    const drivers = await system.started();
    const token = system.token(0);
    for (let first = 1; first <= 30; first += 1) await publishTo(drivers.log, messages(token, first));
    const { promise: gate, resolve: release } = Promise.withResolvers<void>();
    const sizes: number[] = [];
    await drivers.source.consume(async (events) => {
      sizes.push(events.length);
      await gate;
      await Bun.sleep(20);
      return [];
    });
    await until('one was taken, and the others wait', async () => (await waiting()) === 29);
    expect(drivers.stats.deliveries).toBe(1);
    release();
    await until('all are stored', () => sizes.reduce((sum, size) => sum + size, 0) === 30);
    expect(sizes[0]).toBe(1);
    expect(Math.max(...sizes)).toBeGreaterThan(8);
    // the consumer subscribes anew while a delivery is unacked
    expect(drivers.stats.redeliveries).toBeLessThanOrEqual(1);
  });

  test('are few at once while envelopes are large, and all are stored in their order', async () => {
    const drivers = await system.started();
    const token = system.token(0);
    const large = largeMessages(token, 2);
    const { promise: gate, resolve: release } = Promise.withResolvers<void>();
    const stored = new Set<string>();
    await drivers.source.consume(async (events) => {
      if (events.some(({ id }) => large.some((event) => event.id === id))) await gate;
      for (const { id } of events) stored.add(id);
      return [];
    });
    const small = messages(token, 1);
    await publishTo(drivers.log, small);
    await until('many are taken at once', () => stored.size === 1);
    for (const event of large) await publishTo(drivers.log, event);
    const waiting = () => onChannel(async (channel) => (await channel.checkQueue(queue(0))).messageCount);
    await until('most have gone back', async () => drivers.stats.redeliveries > 0 && (await waiting()) === 10);
    release();
    await until('all are stored', () => stored.size === 13);
    expect([...stored]).toEqual([small, ...large].map(({ id }) => id));
  }, 60_000);

  test('are few at once while redelivered envelopes are large, too', async () => {
    const drivers = await system.started();
    const token = system.token(0);
    const large = largeMessages(token, 1);
    for (const event of large) await publishTo(drivers.log, event);
    await onChannel(async (channel) => {
      const { promise: all, resolve } = Promise.withResolvers<void>();
      let had = 0;
      await channel.consume(queue(0), () => {
        had += 1;
        if (had === large.length) resolve();
      });
      await all;
    });
    const { promise: gate, resolve: release } = Promise.withResolvers<void>();
    const stored = new Set<string>();
    await drivers.source.consume(async (events) => {
      if (events.some(({ id }) => id !== large[0]?.id)) await gate;
      for (const { id } of events) stored.add(id);
      return [];
    });
    await until('many are taken at once', () => stored.size === 1);
    const waiting = () => onChannel(async (channel) => (await channel.checkQueue(queue(0))).messageCount);
    await until('most have gone back', async () => drivers.stats.redeliveries > 3 && (await waiting()) === 9);
    release();
    await until('all are stored', () => stored.size === 12);
    expect(stored).toEqual(new Set(large.map(({ id }) => id))); // a Set: redeliveries come in any order
  }, 60_000);

  test('are one at a time after lost connections, which so use up the delivery limit of the first only', async () => {
    const { proxy, url } = await TcpProxy.open(rabbitmqUrl());
    const publishing = await system.started();
    const consuming = system.drivers({ url });
    const events = Array.from({ length: 21 }, (_, place) => messages(system.token(0), 1 + place));
    const stored: string[] = [];
    let away = false;
    await consuming.source.consume(async (batch) => {
      if (away) throw new Error('the store is unreachable');
      stored.push(...batch.map(({ id }) => id));
      return [];
    });
    await publishTo(publishing.log, events[0] as Event);
    await until('many are taken at once', () => stored.length === 1);
    away = true;
    for (const event of events.slice(1)) await publishTo(publishing.log, event);
    await until('all are delivered', async () => consuming.stats.deliveries >= 21 && (await waiting()) === 0);
    // The second event is redelivered once if RabbitMQ sent it before the consumer subscribed anew.
    const before = consuming.stats.redeliveries;
    for (let cuts = 1; cuts <= 3; cuts += 1) {
      proxy.cut();
      await until('the first of them comes again', () => consuming.stats.redeliveries >= before + cuts);
      await until('the others wait', async () => (await waiting()) === 19);
      expect(consuming.stats.redeliveries).toBe(before + cuts);
    }
    away = false;
    await until('all are stored', () => stored.length === 21);
    expect(new Set(stored)).toEqual(new Set(events.map(({ id }) => id))); // a Set: redeliveries come in any order
    proxy.close();
  });
});
