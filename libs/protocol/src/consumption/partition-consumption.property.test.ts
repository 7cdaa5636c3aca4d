/** Consumes a partition under deliveries, failures, stops and crashes in random order. `Promises` checks each step. */
import { describe, expect, test } from 'bun:test';
import { type CheckEvent, checkEvent, checkEventOfVersion } from '@parley/domain';
import fc from 'fast-check';
import type { Outcome, Process } from './testing/process.ts';
import { World } from './testing/world.ts';

const ORDERS = { numRuns: 300, includeErrorInReport: true };
const LARGE = Buffer.alloc(3 * 1024 * 1024, 'x');

interface Action {
  readonly name: string;
  readonly act: (world: World, processes: Process[]) => void;
}

const of = fc.nat(1);
const chat = fc.integer({ min: 1, max: 2 });
const keyed = fc.boolean();
const which = fc.nat(1);
const outcome = fc.constantFrom<Outcome>('done', 'done', 'done', 'fails');

const requested: fc.Arbitrary<Action> = fc.oneof(
  fc.tuple(of, keyed).map(([owner, key]) => ({
    name: `application ${owner}${key ? ' with a key' : ''}`,
    act: (world: World) => void world.application(owner, key),
  })),
  fc.tuple(of, chat, keyed).map(([owner, number, key]) => ({
    name: `chat ${owner}:${number}${key ? ' with a key' : ''}`,
    act: (world: World) => void world.chat(owner, number, key),
  })),
  fc.tuple(of, chat, keyed).map(([owner, number, key]) => ({
    name: `messages in ${owner}:${number}${key ? ' with a key' : ''}`,
    act: (world: World) => void world.messages(owner, number, key),
  })),
  fc.constantFrom(
    { name: 'junk', act: (world: World) => void world.junk() },
    { name: 'fence', act: (world: World) => void world.fence() },
  ),
  fc.tuple(of, fc.option(chat, { nil: undefined })).map(([owner, number]) => ({
    name: `delete ${owner}:${number ?? ''}`,
    act: (world: World) => world.delete(owner, number),
  })),
  fc.integer({ min: 1, max: 9 }).map((epoch) => ({
    name: `fence of epoch ${epoch}`,
    act: (world: World) => void world.fence(epoch),
  })),
);

const worked: fc.Arbitrary<Action> = fc.oneof(
  fc.integer({ min: 1, max: 5 }).map((times) => ({
    name: `deliver ${times}`,
    act: ({ broker }: World) => {
      for (let delivered = 0; delivered < times && broker.deliver(); delivered += 1);
    },
  })),
  fc.tuple(which, outcome).map(([index, how]) => ({
    name: `step of ${index}: ${how}`,
    act: (_: World, processes: Process[]) => void processes[index]?.step(how),
  })),
  which.map((index) => ({
    name: `all steps of ${index}`,
    act: (_: World, processes: Process[]) => processes[index]?.settle(),
  })),
  fc.integer({ min: 1, max: 30 }).map((milliseconds) => ({
    name: `${milliseconds} ms`,
    act: (world: World) => {
      world.now += milliseconds;
    },
  })),
);

const disturbed: fc.Arbitrary<Action> = fc.oneof(
  ...(['lose', 'trust', 'leave'] as const).map((what) =>
    which.map((index) => ({
      name: `${what} ${index}`,
      act: (_: World, processes: Process[]) => processes[index]?.[what](),
    })),
  ),
  which.map((index) => ({
    name: `step of ${index}: throws`,
    act: (_: World, processes: Process[]) => void processes[index]?.step('throws'),
  })),
  fc.integer({ min: 1, max: 3 }).map((taken) => ({
    name: `another takes ${taken} and is lost`,
    act: ({ broker }: World) => broker.rotate(taken),
  })),
  fc.constant({ name: 'large junk', act: (world: World) => void world.junk(LARGE) }),
);

/** Stops or kills a process and starts another. `check`: which events the new one knows. */
const restarted = (check: CheckEvent): fc.Arbitrary<Action> =>
  fc.tuple(which, fc.constantFrom('done', 'fails', 'killed')).map(([index, how]) => ({
    name: `restart ${index}: ${how}`,
    act: (world: World, processes: Process[]) => {
      if (how === 'killed') processes[index]?.crash();
      else processes[index]?.stop(how as Outcome);
      processes[index] = world.process(check);
    },
  }));

function orders(check: CheckEvent): fc.Arbitrary<Action[]> {
  const action = fc.oneof(
    { weight: 40, arbitrary: requested },
    { weight: 60, arbitrary: worked },
    { weight: 12, arbitrary: disturbed },
    { weight: 3, arbitrary: restarted(check) },
  );
  return fc.array(action, { maxLength: 120, size: 'max' });
}

/** Runs `promised` on random orders of actions. If it throws, the error names the actions in their order. */
function holdsInEach(check: CheckEvent, promised: (order: readonly Action[]) => void): void {
  const property = fc.property(orders(check), (order) => {
    try {
      promised(order);
    } catch (error) {
      throw new Error(`${order.map(({ name }) => name).join(', ')}: ${error instanceof Error ? error.message : error}`);
    }
  });
  fc.assert(property, ORDERS);
}

describe('in any order of events', () => {
  test('nothing is acknowledged or answered too early, put aside without need, stored out of order, or lost', () => {
    let discarded = 0;
    holdsInEach(checkEvent, (order) => {
      const world = new World();
      const processes = [world.process(), world.process()];
      for (const { act } of order) act(world, processes);
      world.drain(...processes);
      world.promises.checkAll();
      discarded += world.promises.discarded.size;
    });
    expect(discarded).toBeGreaterThan(20);
  });

  test('an old process puts no unknown event aside and closes its channel once; a new process stores the rest', () => {
    const old = checkEventOfVersion(0);
    holdsInEach(old, (order) => {
      const world = new World();
      const processes = [world.process(old), world.process(old)];
      const all = new Set(processes);
      for (const { act } of order) {
        act(world, processes);
        for (const process of processes) all.add(process);
      }
      world.drain(world.process(), ...processes);
      for (const process of all) checkHeld(process);
      world.promises.checkAll();
    });
  });
});

function checkHeld({ holds, rules }: Process): void {
  if (holds > 1) throw new Error('a partition was left more than once');
  if (rules.unknown !== undefined && rules.current?.alive === true) throw new Error('it subscribed again');
}
