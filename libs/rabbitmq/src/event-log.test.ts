import { describe, expect, test } from 'bun:test';
import { type Event, Unavailable } from '@parley/domain';
import { failure, publishTo, TcpProxy, until } from '@parley/testing';
import type { RabbitmqDrivers } from './open.ts';
import { onChannel, rabbitmqUrl, testTopology } from './testing/queues.ts';
import { messages, TestSystem } from './testing/system.ts';

/** Consumes until `enough` accepts the stored events, and returns them in their order. */
async function drained(drivers: RabbitmqDrivers, enough: (stored: readonly Event[]) => boolean): Promise<Event[]> {
  const stored: Event[] = [];
  await drivers.source.consume(async (events) => {
    stored.push(...events);
    return [];
  });
  await until('all is stored', () => enough(stored));
  await drivers.source.stop();
  return stored;
}

describe('publishing to RabbitMQ', () => {
  const system = new TestSystem();

  test('events of one turn of the event loop are published in one envelope', async () => {
    const { log, stats } = await system.started();
    const token = system.token(0);
    await Promise.all(Array.from({ length: 500 }, (_, index) => publishTo(log, messages(token, index + 1))));
    expect(stats).toMatchObject({ envelopesPublished: 1, eventsPublished: 500 });
  });

  test('an envelope has about a mebibyte, and a larger event has an envelope of its own', async () => {
    const { log, stats } = await system.started();
    const token = system.token(0);
    const large = Array(40).fill('x'.repeat(10_000));
    await Promise.all([publishTo(log, messages(token, 1, large)), publishTo(log, messages(token, 41, large))]);
    await Promise.all([1, 2].map((first) => publishTo(log, messages(token, first, ['x'.repeat(10_000)]))));
    expect(stats.envelopesPublished).toBe(3);
  });

  test('at the byte limit of the queue events are refused, even unpublished; no acknowledged one is lost', async () => {
    const drivers = await system.started({ queueBytesMax: 300_000 });
    const { log } = drivers;
    const token = system.token(1);
    const acknowledged: Event[] = [];
    let refused: unknown;
    for (let first = 1; refused === undefined && first < 1_000; first += 1) {
      const event = messages(token, first, ['x'.repeat(10_000)]);
      refused = await failure(publishTo(log, event));
      if (refused === undefined) acknowledged.push(event);
    }
    expect(refused).toBeInstanceOf(Unavailable);
    expect(acknowledged.length).toBeGreaterThan(10);
    expect(log.refusal(token)).toMatchObject({ dependency: 'event log' });
    expect(log.refusal(system.token(0))).toBeUndefined();
    expect(await drained(drivers, (stored) => stored.length >= acknowledged.length)).toEqual(acknowledged);
    await until('it is not refused any more', () => log.refusal(token) === undefined);
    await publishTo(log, messages(token));
  });

  test('without a server events are refused at once, and taken again when it is back', async () => {
    const { proxy, url } = await TcpProxy.open(rabbitmqUrl());
    const { log, ping, state } = await system.started({ url });
    const token = system.token(0);
    await publishTo(log, messages(token));
    const allow = proxy.refuse();
    await until('the loss is noticed', () => log.refusal(token) !== undefined);
    const started = performance.now();
    expect(await failure(publishTo(log, messages(token)))).toMatchObject({
      name: 'Unavailable',
      dependency: 'event log',
    });
    expect(await failure(log.fence(token, 1_000))).toBeInstanceOf(Unavailable);
    expect(await failure(ping())).toBeInstanceOf(Unavailable);
    expect(performance.now() - started).toBeLessThan(50);
    expect(state()).toBe('away');
    allow();
    await until('it is back', () => log.refusal(token) === undefined);
    await publishTo(log, messages(token));
    await ping();
    proxy.close();
  });

  test('without a confirm an event is rejected within 2 s; others are refused while too much waits', async () => {
    const { proxy, url } = await TcpProxy.open(rabbitmqUrl());
    const { log } = await system.started({ url });
    const token = system.token(0);
    await publishTo(log, messages(token));
    const go = proxy.stall();
    const started = performance.now();
    const large = Array(20).fill('x'.repeat(10_000));
    const waiting: Promise<unknown>[] = [];
    for (let first = 1; log.refusal(token) === undefined && first < 1_000; first += 1) {
      waiting.push(failure(publishTo(log, messages(token, first, large))));
      await Bun.sleep(0);
    }
    expect(log.refusal(token)).toMatchObject({ dependency: 'requests' });
    for (const error of await Promise.all(waiting)) expect(error).toBeInstanceOf(Unavailable);
    expect(performance.now() - started).toBeLessThan(2_100);
    go();
    await until('it goes on', async () => (await failure(publishTo(log, messages(token)))) === undefined);
    proxy.close();
  });

  test('a lost connection rejects unconfirmed events; all acknowledged ones are stored in order', async () => {
    const { proxy, url } = await TcpProxy.open(rabbitmqUrl());
    const drivers = await system.started({ url });
    const token = system.token(1);
    const acknowledged: Event[] = [];
    let first = 0;
    for (let round = 0; round < 3; round += 1) {
      const cutting = Bun.sleep(50).then(() => proxy.cut());
      for (let failed = false; !failed; ) {
        const events = Array.from({ length: 20 }, () => messages(token, ++first));
        const errors = await Promise.all(events.map((event) => failure(publishTo(drivers.log, event))));
        for (const [index, error] of errors.entries()) {
          if (error === undefined) acknowledged.push(events[index] as Event);
          else failed = true;
        }
      }
      await cutting;
      await until('it is back', () => drivers.log.refusal(token) === undefined);
    }
    const last = messages(token, ++first);
    await publishTo(drivers.log, last);
    acknowledged.push(last);
    const stored = await drained(drivers, (events) => events.some(({ id }) => id === last.id));
    const ids = new Set(acknowledged.map(({ id }) => id));
    expect(stored.filter(({ id }) => ids.has(id))).toEqual(acknowledged);
    proxy.close();
  });

  test('a publish to a deleted queue is refused, and the queue is declared again', async () => {
    const drivers = await system.started();
    const token = system.token(0);
    await onChannel((channel) => channel.deleteQueue(testTopology(system.queuePrefix, 2).queue(0)));
    expect(await failure(publishTo(drivers.log, messages(token)))).toBeInstanceOf(Unavailable);
    let published: Event | undefined;
    await until('it goes on', async () => {
      const event = messages(token);
      if ((await failure(publishTo(drivers.log, event))) === undefined) published = event;
      return published !== undefined;
    });
    expect(await drained(drivers, (stored) => stored.length > 0)).toEqual([published as Event]);
  });

  test('a second close does nothing; the first one settles what is under way', async () => {
    const drivers = await system.started();
    const token = system.token(0);
    const published = failure(publishTo(drivers.log, messages(token)));
    const fence = failure(drivers.log.fence(token, 60_000));
    await Promise.all([drivers.close(), drivers.close()]);
    await published; // the publish may resolve or reject, but must not hang
    expect(await fence).toBeInstanceOf(Unavailable);
    expect(await failure(publishTo(drivers.log, messages(token)))).toBeInstanceOf(Unavailable);
  });
});

describe('fences through RabbitMQ', () => {
  const system = new TestSystem();

  test('without a consumer they time out, and do not pile up in the queue', async () => {
    const { log } = await system.started();
    const token = system.token(0);
    for (let round = 0; round < 5; round += 1) {
      const errors = await Promise.all(Array.from({ length: 50 }, () => failure(log.fence(token, 30))));
      for (const error of errors) expect(error).toBeInstanceOf(Unavailable);
    }
    const queue = testTopology(system.queuePrefix, 2).queue(0);
    const { messageCount } = await onChannel((channel) => channel.checkQueue(queue));
    expect(messageCount).toBeLessThanOrEqual(1);
  });

  test('a call while a fence is under way waits for the next fence', async () => {
    const drivers = await system.started();
    const { log, source, stats } = drivers;
    const token = system.token(0);
    const { promise: gate, resolve: release } = Promise.withResolvers<void>();
    const stored: Event[] = [];
    await source.consume(async (events) => {
      await gate;
      stored.push(...events);
      return [];
    });
    await publishTo(log, messages(token));
    const early = Promise.all([log.fence(token, 5_000), log.fence(token, 5_000)]);
    await until('the fence is sent', () => stats.fences === 1);
    const later = messages(token, 2);
    await publishTo(log, later);
    const late = Array.from({ length: 20 }, async () => {
      await log.fence(token, 5_000);
      expect(stored).toContainEqual(later);
    });
    release();
    await early;
    await Promise.all(late);
    expect(stats.fences).toBeLessThanOrEqual(3);
  });

  test('an answer without a seq, from a worker of an earlier version, counts as seq 0', async () => {
    const { log } = await system.started();
    const token = system.token(0);
    await onChannel(async (channel) => {
      await channel.consume(testTopology(system.queuePrefix, 2).queue(0), (message) => {
        if (message === null) return;
        const { replyTo, correlationId } = message.properties;
        channel.publish('', replyTo, Buffer.alloc(0), { correlationId });
        channel.ack(message);
      });
      expect(await log.fence(token, 5_000)).toBe(0);
      await log.beginEpoch(0, 3, 5_000);
    });
    await (await system.started()).source.consume(
      async () => [],
      async () => 41,
    );
    expect(await log.fence(token, 5_000)).toBe(41);
  });

  test('a fence whose answer was lost is sent again', async () => {
    const asking = await system.started();
    const token = system.token(0);
    const early = failure(asking.log.fence(token, 30));
    await early;
    const queue = testTopology(system.queuePrefix, 2).queue(0);
    await onChannel((channel) => channel.purgeQueue(queue));
    await (await system.started()).source.consume(async () => []);
    await asking.log.fence(token, 6_000);
  });
});
