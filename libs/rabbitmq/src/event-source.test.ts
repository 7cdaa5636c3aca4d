import { describe, expect, test } from 'bun:test';
import { type Event, encodeEnvelope, type Rejection, Unavailable } from '@parley/domain';
import { failure, publishTo, TcpProxy, until } from '@parley/testing';
import { onChannel, rabbitmqUrl, testTopology } from './testing/queues.ts';
import { messages, TestSystem } from './testing/system.ts';

describe('consuming from RabbitMQ', () => {
  const system = new TestSystem();
  const queue = (partition: number) => testTopology(system.queuePrefix, system.partitions).queue(partition);

  test('garbage becomes a dead letter with its reason, and the events around it are stored', async () => {
    const drivers = await system.started();
    const token = system.token(1);
    const [before, between, after] = [messages(token, 1), messages(token, 2), messages(token, 3)];
    await publishTo(drivers.log, before);
    await onChannel(async (channel) => {
      const good = JSON.parse(encodeEnvelope(1, [between])) as { events: unknown[] };
      const garbage = ['not JSON', '', '{"v":"2","partition":1,"events":[]}', '{"v":1}', '\u0000\uffff', '[]'];
      for (const text of garbage) channel.sendToQueue(queue(1), Buffer.from(text));
      channel.sendToQueue(queue(1), Buffer.from(JSON.stringify({ ...good, events: [{ type: 'cat' }, between, 7] })));
      channel.sendToQueue(queue(1), Buffer.from([0xff, 0xfe]), { headers: { a: 1 } });
      // malformed, too: a fence without a reply address
      channel.sendToQueue(queue(1), Buffer.from('x'), { type: 'fence' });
      await channel.checkQueue(queue(1));
    });
    await publishTo(drivers.log, after);
    const stored: Event[] = [];
    await drivers.source.consume(async (events) => {
      stored.push(...events);
      return [];
    });
    await drivers.log.fence(token, 5_000);
    expect(stored).toEqual([before, between, after]);
    const letters = await drivers.deadLetters.list(100);
    expect(letters).toHaveLength(9);
    for (const letter of letters) expect(letter).toMatchObject({ reason: 'malformed', partition: 1 });
    expect(letters.map(({ detail }) => detail)).toContain('no envelope version: "2"');
    expect(drivers.stats.deadLetters.malformed).toBe(9);
  });

  test('an event that is nested too deeply to be written again is put aside unchanged', async () => {
    const drivers = await system.started();
    const token = system.token(1);
    const [beside, after] = [messages(token, 1), messages(token, 2)];
    const deep = `${'['.repeat(60_000)}${']'.repeat(60_000)}`;
    const text = `{"v":1,"partition":1,"events":[${JSON.stringify(beside)},${deep}]}`;
    await onChannel(async (channel) => {
      channel.sendToQueue(queue(1), Buffer.from(text));
      await channel.checkQueue(queue(1));
    });
    await publishTo(drivers.log, after);
    const stored: Event[] = [];
    await drivers.source.consume(async (events) => {
      stored.push(...events);
      return [];
    });
    await drivers.log.fence(token, 5_000);
    expect(stored).toEqual([beside, after]);
    const letters = await drivers.deadLetters.list(10);
    expect(letters.map(({ reason }) => reason)).toEqual(['malformed']);
    expect(letters[0]?.content.toString()).toBe(text);
  });

  test('a rejected event is kept with its reason, and is published again on demand', async () => {
    const drivers = await system.started();
    const token = system.token(0);
    const events = [1, 2, 3, 4].map((first) => messages(token, first));
    let rejecting = true;
    const stored: Event[] = [];
    await drivers.source.consume(async (batch) => {
      const rejected = batch.filter((event) => rejecting && event.type === 'messages' && event.first % 2 === 0);
      stored.push(...batch.filter((event) => !rejected.includes(event)));
      return rejected.map((event): Rejection => ({ event, reason: 'unknown-owner', detail: 'no such chat' }));
    });
    await Promise.all(events.map((event) => publishTo(drivers.log, event)));
    await drivers.log.fence(token, 5_000);
    expect(stored).toEqual([events[0], events[2]] as Event[]);
    for (let look = 0; look < 30; look += 1) expect(await drivers.deadLetters.list(10)).toHaveLength(2);
    expect((await drivers.deadLetters.list(1))[0]).toMatchObject({ reason: 'unknown-owner', detail: 'no such chat' });
    rejecting = false;
    expect(await drivers.deadLetters.replay(10, ({ reason }) => reason === 'late')).toBe(0);
    expect(await drivers.deadLetters.replay(1)).toBe(1);
    expect(await drivers.deadLetters.replay(10)).toBe(1);
    await drivers.log.fence(token, 5_000);
    expect(new Set(stored.slice(2).map(({ id }) => id))).toEqual(new Set([events[1]!.id, events[3]!.id]));
    expect(await drivers.deadLetters.count()).toBe(0);
    expect(await drivers.deadLetters.purge(10)).toBe(0);
  });

  test('a late event stays a dead letter when others are replayed: it was never acknowledged', async () => {
    const drivers = await system.started();
    await drivers.source.consume(async (batch) =>
      batch.map((event): Rejection => ({ event, reason: 'late', detail: 'another epoch' })),
    );
    await publishTo(drivers.log, messages(system.token(0)));
    await until('it is a dead letter', async () => (await drivers.deadLetters.count()) === 1);
    expect(await drivers.deadLetters.replay(10)).toBe(0);
    await until('it is back', async () => (await drivers.deadLetters.count()) === 1);
  });

  test('an epoch begins after earlier events, is retried, and is answered only after success', async () => {
    const drivers = await system.started();
    const token = system.token(1);
    const seen: (string | number)[] = [];
    let failing = 2;
    const handle = async (batch: readonly Event[], partition: number) => {
      seen.push(...batch.map(({ id }) => `${partition}:${id}`));
      return [];
    };
    await drivers.source.consume(handle, async (partition, epoch) => {
      if (failing-- > 0) throw new Error('the database is unreachable');
      seen.push(partition, epoch);
      return 12;
    });
    const events = [1, 2, 3].map((first) => messages(token, first));
    for (const event of events.slice(0, 2)) await publishTo(drivers.log, event);
    await drivers.log.beginEpoch(1, 7, 10_000);
    expect(seen).toEqual([`1:${events[0]?.id}`, `1:${events[1]?.id}`, 1, 7]);
    await publishTo(drivers.log, events[2] as Event);
    expect(await drivers.log.fence(token, 5_000)).toBe(12);
    expect(seen.slice(4)).toEqual([`1:${events[2]?.id}`, 1, 0]);
  });

  test('a batch that cannot be stored is retried without a limit, while other partitions go on', async () => {
    const drivers = await system.started();
    const [stuck, free] = [system.token(0), system.token(1)];
    let attempts = 0;
    const stored: Event[] = [];
    await drivers.source.consume(async (events) => {
      if (events.some(({ token }) => token === stuck)) {
        attempts += 1;
        if (attempts < 5) throw new Error('the store is unreachable');
      }
      stored.push(...events);
      return [];
    });
    const [event, other] = [messages(stuck), messages(free)];
    await publishTo(drivers.log, event);
    await publishTo(drivers.log, other);
    await drivers.log.fence(free, 5_000);
    expect(stored).toEqual([other]);
    await drivers.log.fence(stuck, 10_000);
    expect(stored).toEqual([other, event]);
    expect(drivers.stats).toMatchObject({ batchesRetried: 4 });
  });

  test('after a lost connection a batch comes again, batches do not overlap, and no event is rejected too early', async () => {
    const { proxy, url } = await TcpProxy.open(rabbitmqUrl());
    const publishing = await system.started();
    const consuming = system.drivers({ url });
    const token = system.token(1);
    const published = Array.from({ length: 120 }, (_, index) => messages(token, index + 1));
    const ownerOf = new Map(published.map(({ id }, index) => [id, published[index - 1]?.id]));
    const stored = new Set<string>();
    let atOnce = 0;
    let most = 0;
    // After two lost consumers redeliveries are out of order. To make that matter, this store rejects an event before
    // the previous one is stored, as the real store rejects a message before its chat.
    await consuming.source.consume(async (events) => {
      most = Math.max(most, ++atOnce);
      await Bun.sleep(10);
      const rejections: Rejection[] = [];
      for (const event of events) {
        const owner = ownerOf.get(event.id);
        if (owner === undefined || stored.has(owner)) stored.add(event.id);
        else rejections.push({ event, reason: 'unknown-owner', detail: 'the one before is not stored' });
      }
      atOnce -= 1;
      return rejections;
    });
    for (const [index, event] of published.entries()) {
      await publishTo(publishing.log, event);
      if (index % 30 === 29) proxy.cut();
    }
    await until('all is stored', () => stored.size === published.length);
    await publishing.log.fence(token, 10_000);
    expect(await publishing.deadLetters.count()).toBe(0);
    expect(most).toBe(1);
    expect(consuming.stats.redeliveries).toBeGreaterThan(0);
    proxy.close();
  });

  test('a source that cannot subscribe again is not ready', async () => {
    const drivers = await system.started();
    await drivers.source.consume(async () => []);
    await drivers.ping();
    await onChannel(async (channel) => {
      const deleted = channel.deleteQueue(queue(0));
      await channel.assertQueue(queue(0), { durable: true, arguments: { 'x-queue-type': 'classic' } });
      await deleted;
    });
    await until('it is not ready', async () => (await failure(drivers.ping())) instanceof Unavailable);
    expect(drivers.state()).toBe('open'); // the connection that publishes is another one
    await onChannel((channel) => channel.deleteQueue(queue(0)));
    await until('it consumes again', async () => (await failure(drivers.ping())) === undefined);
  });

  test('a deleted queue is declared and subscribed to again', async () => {
    const drivers = await system.started();
    const token = system.token(0);
    const stored: Event[] = [];
    await drivers.source.consume(async (events) => {
      stored.push(...events);
      return [];
    });
    await publishTo(drivers.log, messages(token));
    await drivers.log.fence(token, 5_000);
    await onChannel((channel) => channel.deleteQueue(queue(0)));
    await until('it goes on', async () => {
      await failure(publishTo(drivers.log, messages(token, 2)));
      return stored.length >= 2;
    });
    await until('fences pass', async () => (await failure(drivers.log.fence(token, 1_000))) === undefined);
  });

  test('a batch that is stored while the connection is being closed for another partition comes again', async () => {
    const { proxy, url } = await TcpProxy.open(rabbitmqUrl());
    const publishing = await system.started();
    const consuming = system.drivers({ url });
    const event = messages(system.token(0));
    const release = Promise.withResolvers<void>();
    let stored = 0;
    await consuming.source.consume(async () => {
      stored += 1;
      if (stored === 1) await release.promise;
      return [];
    });
    await publishTo(publishing.log, event);
    await until('it is being stored', () => stored === 1);
    const speak = proxy.mute();
    const { answered } = proxy;
    await onChannel((channel) => channel.deleteQueue(queue(1)));
    await until('the consumer is told', () => proxy.answered > answered);
    await Bun.sleep(50); // meanwhile the consumer closes its connection, and the proxy keeps the reply back
    release.resolve();
    await Bun.sleep(50);
    speak();
    await until('it comes again', () => stored === 2);
    await publishing.log.fence(event.token, 10_000);
    proxy.close();
  });

  test('one of two consumers has a partition at a time; when it stops, the other one goes on', async () => {
    const publishing = await system.started();
    const tokens = [system.token(0), system.token(1)];
    const stored = tokens.map(() => [] as number[]);
    const owners = tokens.map(() => new Set<number>());
    const consumers = [system.drivers(), system.drivers()];
    for (const [index, { source }] of consumers.entries()) {
      await source.consume(async (events) => {
        await Bun.sleep(2);
        for (const event of events) {
          const partition = tokens.indexOf(event.token);
          if (event.type === 'messages') stored[partition]?.push(event.first);
          owners[partition]?.add(index);
        }
        return [];
      });
    }
    const publishAll = async (from: number, to: number) => {
      for (let first = from; first <= to; first += 1) {
        await Promise.all(tokens.map((token) => publishTo(publishing.log, messages(token, first))));
      }
      for (const token of tokens) await publishing.log.fence(token, 10_000);
    };
    await publishAll(1, 100);
    await consumers[0]?.source.stop();
    for (const owner of owners) owner.clear();
    await publishAll(101, 200);
    for (const owner of owners) expect([...owner]).toEqual([1]);
    for (const numbers of stored) expect(numbers).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
  });

  test('a later consumer gets its share of the partitions, and nothing is stored out of order meanwhile', async () => {
    const wide = new TestSystem(6);
    const [one, two] = [wide.drivers(), wide.drivers()];
    const owners = new Map<number, number>();
    const stored = Array.from({ length: 6 }, () => [] as number[]);
    for (const [index, { source }] of [one, two].entries()) {
      await source.consume(async (events, partition) => {
        owners.set(partition, index);
        for (const event of events) if (event.type === 'messages') stored[partition]?.push(event.first);
        return [];
      });
    }
    const tokens = stored.map((_, partition) => wide.token(partition));
    let first = 0;
    await until('each has three', async () => {
      first += 1;
      await Promise.all(tokens.map((token) => publishTo(one.log, messages(token, first))));
      for (const token of tokens) await one.log.fence(token, 5_000);
      return [...owners.values()].filter((owner) => owner === 0).length === 3;
    });
    const all = Array.from({ length: first }, (_, index) => index + 1);
    for (const numbers of stored) expect([...new Set(numbers)]).toEqual(all);
  });

  test('a stop leaves a batch that cannot be stored in the queue, and the next start consumes it', async () => {
    const drivers = await system.started();
    const token = system.token(0);
    let tries = 0;
    await drivers.source.consume(async () => {
      tries += 1;
      throw new Error('the store is unreachable');
    });
    const event = messages(token);
    await publishTo(drivers.log, event);
    await until('it was tried', () => tries > 1);
    await Promise.all([drivers.source.stop(), drivers.source.stop()]);
    const stored: Event[] = [];
    await drivers.source.consume(async (events) => {
      stored.push(...events);
      return [];
    });
    await drivers.log.fence(token, 5_000);
    expect(stored).toEqual([event]);
  });

  test('a batch is acknowledged only after its dead letters are confirmed', async () => {
    const { proxy, url } = await TcpProxy.open(rabbitmqUrl());
    const publishing = await system.started();
    const consuming = system.drivers({ url });
    const token = system.token(0);
    const event = messages(token);
    let allow = () => {};
    await consuming.source.consume(async (events) => {
      if (consuming.stats.batchesRetried === 0) allow = proxy.refuse();
      return events.map((rejected): Rejection => ({ event: rejected, reason: 'collision', detail: '' }));
    });
    await publishTo(publishing.log, event);
    await until('it could not be put aside', () => consuming.stats.batchesRetried > 0);
    expect(await publishing.deadLetters.count()).toBe(0);
    allow();
    await publishing.log.fence(token, 10_000);
    const letters = await publishing.deadLetters.list(10);
    expect(letters.length).toBeGreaterThan(0);
    for (const { content } of letters) expect(content.toString()).toContain(event.id);
    proxy.close();
  });
});
