import { describe, expect, test } from 'bun:test';
import { checkEventOfVersion, type Event, type Token } from '@parley/domain';
import type { Logger } from '@parley/runtime';
import { failure, publishTo, TcpProxy, until } from '@parley/testing';
import { onChannel, rabbitmqUrl, testTopology } from './testing/queues.ts';
import { messages, TestSystem } from './testing/system.ts';
import { TooOld } from './too-old.ts';

const check = checkEventOfVersion(0);

/** An event with a `key`, which consumers of the earlier version do not know. */
function keyed(token: Token, first: number): Event {
  return { ...messages(token, first), key: { hash: 'a'.repeat(64), body: 'b'.repeat(64) } };
}

/** A store that takes every event and records it in `stored`. */
function recorder() {
  const stored: Event[] = [];
  return {
    stored,
    store: async (events: readonly Event[]) => {
      stored.push(...events);
      return [];
    },
  };
}

describe('a consumer of an earlier version', () => {
  const system = new TestSystem();
  const topology = () => testTopology(system.queuePrefix, system.partitions);

  test('stores what is before an unknown event, and leaves the partition once; a newer one goes on there', async () => {
    const { proxy, url } = await TcpProxy.open(rabbitmqUrl());
    const lines: { message: string; told: object }[] = [];
    const write = (told: object, message: string) => void lines.push({ told, message });
    const logger = { error: write, warn: () => {}, info: () => {} } as unknown as Logger;
    const publishing = await system.started();
    const [old, young] = [system.drivers({ url, check, logger }), system.drivers()];
    const token = system.token(1);
    const events = [messages(token, 1), messages(token, 2), keyed(token, 3), messages(token, 4)];
    for (const event of events) await publishTo(publishing.log, event);
    const [before, after] = [recorder(), recorder()];
    await old.source.consume(before.store);
    await until('the partition is left', () => old.source.held.length > 0);
    expect(before.stored).toEqual(events.slice(0, 2));
    const unknown = 'field "key" of event type "messages"';
    expect(old.source.held).toEqual([{ partition: 1, unknown }]);
    expect(await failure(old.checkVersion())).toBeInstanceOf(TooOld);
    await old.ping();

    const consumers = (partition: number) =>
      onChannel(async (channel) => (await channel.checkQueue(topology().queue(partition))).consumerCount);
    proxy.cut();
    await until('both connections were lost', () => old.stats.connectionsLost >= 2);
    await until('it is connected again', async () => (await failure(old.ping())) === undefined);
    expect(await consumers(0)).toBe(1);
    expect(await consumers(1)).toBe(0);
    const free = messages(system.token(0));
    await publishTo(publishing.log, free);
    await publishing.log.fence(free.token, 5_000);
    expect(before.stored).toEqual([...events.slice(0, 2), free]);

    await young.source.consume(after.store);
    await publishing.log.fence(token, 5_000);
    expect(after.stored).toEqual(events.slice(2));
    await young.checkVersion();
    expect(await publishing.deadLetters.count()).toBe(0);
    const told = lines.filter(({ message }) => message === 'met what this program is too old to know');
    expect(told).toEqual([{ message: expect.any(String), told: expect.objectContaining({ partition: 1, unknown }) }]);
    proxy.close();
  });

  test('causes one redelivery for each restart, and only of the event at the head of the queue', async () => {
    const publishing = await system.started();
    const token = system.token(0);
    for (const event of [keyed(token, 1), messages(token, 2)]) await publishTo(publishing.log, event);
    for (let restarts = 1; restarts <= 3; restarts += 1) {
      const old = system.drivers({ check });
      await old.source.consume(recorder().store);
      await until('the partition is left', () => old.source.held.length > 0);
      await old.source.stop();
    }
    const losses = await onChannel(async (channel) => {
      const { promise, resolve } = Promise.withResolvers<unknown[]>();
      const seen: unknown[] = [];
      await channel.consume(topology().queue(0), (message) => {
        if (seen.push(message?.properties.headers?.['x-delivery-count'] ?? 0) === 2) resolve(seen);
      });
      return promise;
    });
    expect(losses).toEqual([3, 0]);
  });
});

test('no consumer leaves a partition to one of an earlier version, which itself leaves all that it has', async () => {
  const wide = new TestSystem(6);
  const publishing = await wide.started();
  const old = wide.drivers({ check });
  const tokens = Array.from({ length: 6 }, (_, partition) => wide.token(partition));
  const owners = new Map<number, string>();
  const consume = (name: string, { source }: typeof old) =>
    source.consume(async (_, partition) => {
      owners.set(partition, name);
      return [];
    });
  let first = 0;
  /**
   * Publishes an event in each partition and waits until it is stored. Returns how many partitions the new consumer
   * has.
   */
  const round = async () => {
    first += 1;
    for (const token of tokens) await publishTo(publishing.log, messages(token, first));
    for (const token of tokens) await publishing.log.fence(token, 5_000);
    return [...owners.values()].filter((owner) => owner === 'new').length;
  };
  await consume('old', old);
  expect(await round()).toBe(0);
  const counted = () =>
    onChannel((channel) => channel.checkQueue(testTopology(wide.queuePrefix, 6).workers)).then(
      ({ consumerCount }) => consumerCount,
    );
  await until('the old one counts among those that share', async () => (await counted()) === 1);
  await publishTo(publishing.log, keyed(tokens[3] as Token, 1_000));
  await until('the old one leaves a partition', () => old.source.held.length === 1);
  await until('it counts no more', async () => (await counted()) === 0);
  const young = wide.drivers();
  await consume('new', young);
  await until('the new one has all', async () => (await round()) === 6, 40_000);
  const ended = performance.now() + 4_000; // enough for each consumer to check its share of the partitions once
  while (performance.now() < ended) expect(await round()).toBe(6);
  expect(old.source.held).toHaveLength(1);
});
