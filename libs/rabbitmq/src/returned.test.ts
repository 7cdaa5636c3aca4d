import { describe, expect, test } from 'bun:test';
import { type Event, newEventId, type Rejection, type Token } from '@parley/domain';
import { publishTo, until } from '@parley/testing';
import { connect } from 'amqplib';
import { rabbitmqUrl, testTopology } from './testing/queues.ts';
import { messages, TestSystem } from './testing/system.ts';

/** After two consumers were lost in a row, redeliveries are out of order. */
describe('redeliveries out of order', () => {
  const system = new TestSystem(1);
  const queue = () => testTopology(system.queuePrefix, 1).queue(0);

  function application(token: Token): Event {
    return { type: 'application', id: newEventId(), epoch: 1, at: Date.now(), token, name: 'an app' };
  }
  function chat(token: Token, number = 1): Event {
    return { type: 'chat', id: newEventId(), epoch: 1, at: Date.now(), token, number, name: 'a chat' };
  }

  /** Takes `prefetch` deliveries, and closes the connection without an ack. */
  async function lostConsumer(prefetch: number): Promise<void> {
    const connection = await connect(rabbitmqUrl());
    connection.on('error', () => {});
    const channel = await connection.createChannel();
    channel.on('error', () => {});
    await channel.prefetch(prefetch);
    let taken = 0;
    await channel.consume(queue(), () => {
      taken += 1;
    });
    await until('it has them', () => taken === prefetch);
    await connection.close();
  }

  /** A store that rejects a chat without its application, or a message without its chat, like the real one. */
  class OwnersFirst {
    readonly stored: Event[] = [];
    readonly taken: Event[] = [];
    handle = async (events: readonly Event[]): Promise<Rejection[]> => {
      const rejections: Rejection[] = [];
      this.taken.push(...events);
      for (const event of events) {
        if (this.stored.some(({ id }) => id === event.id)) continue;
        if (this.#hasOwner(event)) this.stored.push(event);
        else rejections.push({ event, reason: 'unknown-owner', detail: '' });
      }
      return rejections;
    };

    #hasOwner(event: Event): boolean {
      if (event.type === 'application') return true;
      const owner = event.type === 'chat' ? 'application' : 'chat';
      return this.stored.some(({ type, token }) => type === owner && token === event.token);
    }
  }

  test('are all stored: an owner may come after what it owns', async () => {
    const drivers = await system.started();
    const token = system.token(0);
    const events = [application(token), chat(token), messages(token, 1), messages(token, 2), chat(token, 2)];
    for (const event of events) await publishTo(drivers.log, event);
    await lostConsumer(5);
    await lostConsumer(1);
    await lostConsumer(1);
    const store = new OwnersFirst();
    await drivers.source.consume(store.handle);
    const late = messages(token, 3);
    await publishTo(drivers.log, late);
    await drivers.log.fence(token, 5_000);
    expect(new Set(store.stored)).toEqual(new Set([...events, late]));
    expect(store.taken[0]).not.toEqual(events[0] as Event);
    expect(store.stored[0]).toEqual(events[0] as Event);
    expect(store.stored).toHaveLength(6);
    expect(await drivers.deadLetters.count()).toBe(0);
    expect(drivers.stats.redeliveries).toBeGreaterThanOrEqual(5);
  });

  test('without any owner become dead letters, even if nothing else comes', async () => {
    const drivers = await system.started();
    const token = system.token(0);
    for (let first = 1; first <= 20; first += 1) await publishTo(drivers.log, messages(token, first));
    await lostConsumer(17);
    await lostConsumer(1);
    const store = new OwnersFirst();
    await drivers.source.consume(store.handle);
    await until('all are dead letters', async () => (await drivers.deadLetters.count()) === 20);
    expect(store.stored).toEqual([]);
    await publishTo(drivers.log, application(token));
    await drivers.log.fence(token, 5_000);
    expect(store.stored).toHaveLength(1);
  });

  test('are all stored before a fence among them is answered', async () => {
    const drivers = await system.started();
    const token = system.token(0);
    const first = application(token);
    await publishTo(drivers.log, first);
    const store = new OwnersFirst();
    const passed = drivers.log.fence(token, 20_000).then(() => store.stored.length);
    await until('the fence is there', () => drivers.stats.fences === 1);
    await publishTo(drivers.log, chat(token));
    await lostConsumer(3);
    await lostConsumer(1); // now the application comes behind the fence and the chat
    await drivers.source.consume(store.handle);
    expect(await passed).toBe(2);
  });
});
