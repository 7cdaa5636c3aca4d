import { beforeEach, describe, expect, test } from 'bun:test';
import { type Cycle, type Paced, Pacing } from './pacing.ts';
import { ManualClock } from './testing/ports.ts';

const TOKEN = '00000000-1c7a-4c4e-9d0a-3d2f6b1c9a57';
const OTHER = '00000001-1c7a-4c4e-9d0a-3d2f6b1c9a57';
const HOLD_MS = 50;

let clock: ManualClock;
let pacing: Pacing;
let timers: { ms: number; run: () => void }[];
/** The names of the creates that begin, cycle by cycle, and the cycles. */
let begun: string[][];
let cycles: Cycle[];

beforeEach(() => {
  clock = new ManualClock();
  timers = [];
  begun = [];
  cycles = [];
  pacing = new Pacing({ partitions: 2, clock, after: (ms, run) => void timers.push({ ms, run }) });
});

function add(...names: string[]): Promise<void> {
  for (const name of names) pacing.add(name.startsWith('other') ? OTHER : TOKEN, create(name));
  return Promise.resolve();
}

function create(name: string): Paced {
  return {
    begin: (cycle) => {
      if (!cycles.includes(cycle)) {
        cycles.push(cycle);
        begun.push([]);
      }
      begun[cycles.indexOf(cycle)]!.push(name);
    },
  };
}

/** All creates of a cycle leave it. */
async function end(index: number): Promise<void> {
  for (const _ of begun[index]!) cycles[index]!.left();
}

describe('creates of a partition', () => {
  test('begin together at the end of the microtasks, in order', async () => {
    const queuedBefore = Promise.resolve().then(() => add('c'));
    void add('a', 'b');
    expect(begun).toEqual([]);
    await queuedBefore;
    expect(begun).toEqual([['a', 'b', 'c']]);
  });

  test('do not wait if they are single', async () => {
    await add('a');
    await add('b');
    expect(begun).toEqual([['a'], ['b']]);
  });

  test('wait while two cycles are on their way, and begin together when one has ended', async () => {
    await add('a');
    await add('b');
    await add('c');
    await add('d');
    expect(begun).toEqual([['a'], ['b']]);
    await end(0);
    expect(begun).toEqual([['a'], ['b'], ['c', 'd']]);
  });

  test('wait for as many as the last cycle had', async () => {
    await add('a', 'b', 'c');
    await add('d', 'e');
    expect(begun).toHaveLength(1);
    await add('f');
    expect(begun).toEqual([
      ['a', 'b', 'c'],
      ['d', 'e', 'f'],
    ]);
  });

  test('begin when all before them have ended, however few they are', async () => {
    await add('a', 'b', 'c');
    await add('d');
    cycles[0]!.left();
    cycles[0]!.left();
    await Promise.resolve();
    expect(begun).toHaveLength(1);
    cycles[0]!.left();
    await Promise.resolve();
    expect(begun).toEqual([['a', 'b', 'c'], ['d']]);
  });

  test('do not wait for those of another partition', async () => {
    await add('a', 'b');
    await add('other 1');
    await add('other 2');
    expect(begun).toEqual([['a', 'b'], ['other 1'], ['other 2']]);
  });

  test('begin after 50 ms at the latest, though nothing ends', async () => {
    await add('a', 'b');
    clock.pass(HOLD_MS - 20);
    await add('c');
    expect(timers.map(({ ms }) => ms)).toEqual([20]);
    clock.pass(20);
    timers[0]!.run();
    expect(begun).toEqual([['a', 'b'], ['c']]);
    await add('d');
    clock.pass(HOLD_MS);
    timers[1]!.run();
    expect(begun.at(-1)).toEqual(['d']);
  });

  test('wait for the rest of the time if another cycle began meanwhile', async () => {
    await add('a', 'b', 'c');
    await add('d');
    clock.pass(HOLD_MS - 1);
    await end(0);
    expect(begun).toEqual([['a', 'b', 'c'], ['d']]);
    await add('e');
    await add('f');
    expect(begun).toHaveLength(3);
    clock.pass(1);
    timers[0]!.run();
    expect(timers.map(({ ms }) => ms)).toEqual([HOLD_MS, HOLD_MS - 1]);
    clock.pass(HOLD_MS - 1);
    timers[1]!.run();
    expect(begun.at(-1)).toEqual(['f']);
  });

  test('set no second timer, and one that is over does nothing if nobody waits', async () => {
    await add('a', 'b');
    await add('c');
    await add();
    await end(0);
    expect(begun).toEqual([['a', 'b'], ['c']]);
    clock.pass(HOLD_MS);
    expect(timers).toHaveLength(1);
    timers[0]!.run();
    expect([begun.length, timers.length]).toEqual([2, 1]);
  });
});
