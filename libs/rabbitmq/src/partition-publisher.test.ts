import { describe, expect, test } from 'bun:test';
import { newToken, type PublishTaker, Unavailable } from '@parley/domain';
import { thrownApart } from '@parley/testing';
import type { ConnectionState } from './connection.ts';
import { PartitionPublisher } from './partition-publisher.ts';
import { newStats } from './stats.ts';
import { messages } from './testing/system.ts';

/** A publisher whose envelopes a test confirms. */
class World {
  readonly stats = newStats();
  readonly sent: ((error?: Error) => void)[] = [];
  readonly outbox = {
    state: 'open' as ConnectionState,
    send: (_queue: string, _content: Buffer, _options: object, settled: (error?: Error) => void) => {
      this.sent.push(settled);
    },
  };
  readonly publisher = new PartitionPublisher({
    outbox: this.outbox,
    partition: 0,
    queue: 'q',
    window: 1,
    stats: this.stats,
  });
  /** What each event's taker was told, in order. */
  readonly told: unknown[][] = [];

  /** Publishes as many events. The takers in `throwing` throw after they noted what they are told. */
  publish(count: number, throwing: readonly number[] = []): void {
    for (let index = 0; index < count; index += 1) {
      const told: unknown[] = [];
      const note = (what: unknown) => {
        told.push(what);
        if (throwing.includes(index)) throw new Error(`taker ${index}`);
      };
      const taker: PublishTaker = { published: () => note('published'), publishFailed: note };
      this.told.push(told);
      this.publisher.publish(messages(newToken()), taker);
    }
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const LATE_MS = 2_000;

describe('a taker is told once', () => {
  for (const [end, error] of Object.entries({ confirmed: undefined, refused: new Unavailable('event log', 'full') })) {
    test(`that its event is late, and not again when it is ${end} afterwards`, async () => {
      const world = new World();
      world.publish(2);
      await turn();
      world.publish(1); // waits behind the first envelope
      const late = performance.now() + LATE_MS;
      world.publisher.expire(late);
      world.publisher.expire(late);
      expect(world.told).toEqual(Array(3).fill([expect.any(Unavailable)]));
      expect(world.stats.eventsLate).toBe(3);
      world.sent[0]?.(error);
      await turn();
      world.publisher.expire(late);
      world.publisher.lost();
      expect(world.told).toEqual(Array(3).fill([expect.any(Unavailable)]));
      expect(world.sent).toHaveLength(1);
    });
  }

  test('whether its event was sent or still waits when the connection is lost', async () => {
    const world = new World();
    world.publish(2);
    await turn();
    world.publish(2);
    world.outbox.state = 'away';
    world.sent[0]?.(new Unavailable('event log', 'lost'));
    world.publisher.lost();
    world.publisher.expire(performance.now() + LATE_MS);
    await turn();
    expect(world.told).toEqual(Array(4).fill([expect.any(Unavailable)]));
    world.publish(1); // refused at once
    expect(world.told.at(-1)).toEqual([expect.any(Unavailable)]);
  });

  test('also if another taker throws, and the publisher goes on', async () => {
    const world = new World();
    const thrown = await thrownApart(async () => {
      world.publish(3, [0, 1]);
      await turn();
      world.publish(2, [0]);
      world.sent[0]?.();
      world.publisher.expire(performance.now() + LATE_MS);
      await turn();
    });
    expect(world.told.slice(0, 3)).toEqual(Array(3).fill(['published']));
    expect(world.told.slice(3)).toEqual(Array(2).fill([expect.any(Unavailable)]));
    expect(thrown.map(String)).toEqual(['Error: taker 0', 'Error: taker 1', 'Error: taker 0']);
    expect(world.sent).toHaveLength(2);
  });
});

test('what fills an envelope is sent at once, before more of a turn is too much; a small event waits for others', async () => {
  const world = new World();
  const taker: PublishTaker = { published: () => {}, publishFailed: () => {} };
  world.publisher.publish(messages(newToken()), taker);
  expect(world.sent).toHaveLength(0);
  await turn();
  expect(world.sent).toHaveLength(1);
  world.sent[0]?.();
  const contents = Array.from({ length: 30 }, () => 'x'.repeat(10_000));
  world.publisher.publish(messages(newToken(), 1, contents), taker);
  expect(world.sent).toHaveLength(2);
});
