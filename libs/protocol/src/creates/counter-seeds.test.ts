import { beforeEach, describe, expect, test } from 'bun:test';
import { NotFound, type Sequence, Unavailable } from '@parley/domain';
import { failure } from '@parley/testing';
import { CounterSeeds } from './counter-seeds.ts';
import { FakePorts, ManualClock, TOKEN } from './testing/ports.ts';

const CHATS: Sequence = { kind: 'chats', token: TOKEN };

let ports: FakePorts;
let clock: ManualClock;
let seeds: CounterSeeds;

beforeEach(() => {
  ports = new FakePorts();
  clock = new ManualClock();
  seeds = new CounterSeeds({ ...ports, clock });
});

function messagesOf(chat: number): Sequence {
  return { kind: 'messages', token: TOKEN, chat };
}

describe('a counter that is missing', () => {
  test('is opened with the highest number that the store has after a fence, in the epoch of the draw', async () => {
    ports.seq = 41;
    ports.highestNumber = { number: 9, epoch: 2, at: 5 };
    await seeds.seed(messagesOf(1), 3);
    expect(ports.calls).toEqual(['fence', 'highest', 'seed']);
    expect(ports.fenced).toEqual([{ token: TOKEN, timeoutMs: 1_000 }]);
    expect(ports.looks).toEqual([{ sequence: messagesOf(1), seq: 41 }]);
    expect(ports.seeded).toEqual([{ sequence: messagesOf(1), highest: { number: 9, epoch: 2, at: 5 }, epoch: 3 }]);
  });

  test('is not looked for in the store before the fence is passed', async () => {
    const { promise: passed, resolve: pass } = Promise.withResolvers<void>();
    ports.onFence = () => passed;
    const seeded = seeds.seed(messagesOf(1), 3);
    await settled();
    expect(ports.calls).toEqual(['fence']);
    pass();
    await seeded;
    expect(ports.calls).toEqual(['fence', 'highest', 'seed']);
  });

  test('is not opened if the fence, the look into the store or the seed fails; the next call tries anew', async () => {
    const error = new Unavailable('event log', 'x');
    for (const part of ['onFence', 'onLook', 'onSeed'] as const) {
      ports[part] = () => Promise.reject(error);
      expect(await failure(seeds.seed(messagesOf(1), 3))).toBe(error);
      ports[part] = () => {};
    }
    expect(ports.calls).toEqual(['fence', 'fence', 'highest', 'fence', 'highest', 'seed']);
    await seeds.seed(messagesOf(1), 3);
    expect(ports.seeded).toHaveLength(2);
  });
});

describe('concurrent calls for missing counters', () => {
  test('share one look into the store for a sequence and an epoch, and its failure', async () => {
    const { promise: passed, resolve: pass, reject: fail } = Promise.withResolvers<void>();
    ports.onFence = () => passed;
    const three = [1, 2, 3].map(() => seeds.seed(messagesOf(1), 3));
    pass();
    await Promise.all(three);
    expect(ports.calls).toEqual(['fence', 'highest', 'seed']);

    ports.onFence = () => Promise.reject(new Unavailable('event log', 'x'));
    const errors = await Promise.all([1, 2].map(() => failure(seeds.seed(messagesOf(1), 3))));
    for (const error of errors) expect(error).toBeInstanceOf(Unavailable);
    expect(ports.fenced).toHaveLength(2);
    fail(new Error('too late to matter'));
  });

  test('do not share it for different sequences', async () => {
    await Promise.all([seeds.seed(messagesOf(1), 3), seeds.seed(messagesOf(2), 3), seeds.seed(CHATS, 3)]);
    expect(ports.looks.map(({ sequence }) => sequence)).toEqual([messagesOf(1), messagesOf(2), CHATS]);
  });

  test('do not share it if an epoch has begun between them: each looks, and seeds in its own epoch', async () => {
    await Promise.all([seeds.seed(messagesOf(1), 3), seeds.seed(messagesOf(1), 4)]);
    expect(ports.looks).toHaveLength(2);
    expect(ports.seeded.map(({ epoch }) => epoch)).toEqual([3, 4]);
  });

  test('do not share a look that has ended', async () => {
    await seeds.seed(messagesOf(1), 3);
    ports.highestNumber = { number: 12 };
    await seeds.seed(messagesOf(1), 3);
    expect(ports.seeded.map(({ highest }) => highest.number)).toEqual([0, 12]);
  });
});

describe('an owner that the store does not have', () => {
  beforeEach(() => {
    ports.highestNumber = undefined;
  });

  test('leads to a NotFound that names its kind, and no counter is opened', async () => {
    expect(await failure(seeds.seed(messagesOf(1), 3))).toEqual(new NotFound('chat'));
    expect(await failure(seeds.seed(CHATS, 3))).toEqual(new NotFound('application'));
    expect(ports.seeded).toEqual([]);
  });

  test('is remembered for half a second: the next call does not look into the store', async () => {
    await failure(seeds.seed(messagesOf(1), 3));
    ports.highestNumber = { number: 0 };
    clock.pass(499);
    expect(await failure(seeds.seed(messagesOf(1), 3))).toBeInstanceOf(NotFound);
    expect(await failure(seeds.seed(messagesOf(1), 4))).toBeInstanceOf(NotFound);
    expect(ports.fenced).toHaveLength(1);
    await seeds.seed(messagesOf(2), 3);
  });

  test('is forgotten when it is created', async () => {
    await failure(seeds.seed(messagesOf(1), 3));
    ports.highestNumber = { number: 0 };
    seeds.forget(messagesOf(1));
    await seeds.seed(messagesOf(1), 3);
    expect(ports.seeded).toHaveLength(1);
  });

  test('is not remembered longer, by either clock, however often it is requested', async () => {
    for (const pass of [() => clock.pass(1), () => clock.suspend(1)]) {
      ports.highestNumber = undefined;
      await failure(seeds.seed(messagesOf(1), 3));
      const looks = ports.looks.length;
      clock.pass(499);
      await failure(seeds.seed(messagesOf(1), 3));
      expect(ports.looks).toHaveLength(looks);
      pass();
      ports.highestNumber = { number: 0 };
      await seeds.seed(messagesOf(1), 3);
    }
    expect(ports.seeded).toHaveLength(2);
  });

  test('is remembered together with 9,999 others at most', async () => {
    for (let chat = 1; chat <= 10_000; chat += 1) await failure(seeds.seed(messagesOf(chat), 3));
    await failure(seeds.seed(messagesOf(1), 3));
    expect(ports.looks).toHaveLength(10_000);
    await failure(seeds.seed(messagesOf(10_001), 3));
    await failure(seeds.seed(messagesOf(1), 3));
    expect(ports.looks).toHaveLength(10_002);
  });
});

/** Waits until all promises have settled that do not wait for the test. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
