import { describe, expect, test } from 'bun:test';
import { checkEventOfVersion } from '@parley/domain';
import { GATHER_MS } from './partition-consumption.ts';
import { FEW_FOR_MS, PREFETCH, PREFETCH_LARGE } from './prefetch.ts';
import type { Process } from './testing/process.ts';
import { World } from './testing/world.ts';

const old = checkEventOfVersion(0);

/** Steps on until the process wants this. */
function until(process: Process, kind: string): void {
  while (process.wanted?.kind !== kind) if (!process.step()) throw new Error(`it never comes to '${kind}'`);
}

/** A process that has committed once, and so may have many deliveries at once. */
function trusted(world: World): Process {
  const process = world.process();
  world.application();
  world.deliver();
  process.settle();
  world.now += 1_000;
  return process;
}

describe('how many deliveries a subscription may have', () => {
  test('is one until the first commit, then many', () => {
    const world = new World();
    const process = world.process();
    world.application();
    world.chat();
    world.deliver();
    expect(world.broker.sent.map(({ acknowledged }) => acknowledged)).toEqual([false, false]);
    process.settle();
    expect(process.subscriptions).toEqual([1, PREFETCH]);
  });

  test('is many from the beginning for who has waited for a while, and only for who waits', () => {
    const world = new World();
    const [first, second] = [world.process(), world.process()];
    world.application();
    world.deliver();
    first.trust();
    second.trust();
    expect([first.subscriptions, second.subscriptions]).toEqual([[1], [1, PREFETCH]]);
  });

  test('is one again where the connection was lost before anything of the subscription was committed', () => {
    const world = new World();
    const process = trusted(world);
    process.lose();
    expect(process.subscriptions.at(-1)).toBe(PREFETCH); // it had nothing
    world.chat();
    world.deliver();
    process.lose();
    expect(process.subscriptions.at(-1)).toBe(1);
  });

  test('is one for a minute after a batch that ended in an exception', () => {
    const world = new World();
    const process = trusted(world);
    world.chat();
    world.deliver();
    until(process, 'store');
    process.step('throws');
    expect(process.subscriptions.at(-1)).toBe(1);
    world.drain(process);
    expect(process.subscriptions.at(-1)).toBe(1);
    world.now += FEW_FOR_MS;
    world.chat();
    world.drain(process);
    expect(process.subscriptions.at(-1)).toBe(PREFETCH);
  });

  test('is few where large ones come, and those that are too much go back', () => {
    const world = new World();
    const process = trusted(world);
    for (let sent = 0; sent < 6; sent += 1) world.junk(Buffer.alloc(3 * 1024 * 1024, 'x'));
    world.deliver();
    expect(process.subscriptions.at(-1)).toBe(PREFETCH_LARGE);
    world.drain(process);
    expect(process.subscriptions.at(-1)).toBe(PREFETCH_LARGE);
  });
});

describe('gathering', () => {
  test('what comes alone does not wait; what comes soon after a batch waits for others', () => {
    const world = new World();
    const process = trusted(world);
    world.chat();
    world.deliver();
    process.step();
    process.step();
    expect(process.wanted?.kind).toBe('store');
    process.settle();
    world.now += 5;
    world.messages();
    world.deliver();
    process.step();
    process.step();
    expect(process.wanted).toEqual({ kind: 'gather', milliseconds: GATHER_MS - 5 });
    world.messages();
    world.deliver();
    until(process, 'store');
    expect(process.wanted).toMatchObject({ kind: 'store', events: [{ type: 'messages' }, { type: 'messages' }] });
  });

  test('a fence waits for nobody', () => {
    const world = new World();
    const process = trusted(world);
    world.chat();
    world.deliver();
    process.settle();
    world.fence();
    world.deliver();
    process.step();
    process.step();
    expect(process.wanted?.kind).toBe('pass fence');
  });
});

describe('a fence', () => {
  test('of several the highest epoch begins, once, and each is answered with the seq', () => {
    const world = new World();
    const process = trusted(world);
    const fences = [world.fence(3), world.fence(7), world.fence(5), world.fence()];
    world.deliver();
    until(process, 'pass fence');
    expect(process.wanted).toMatchObject({ kind: 'pass fence', epoch: 7 });
    process.settle();
    expect(world.promises.answered).toEqual(new Set(fences));
  });

  test('is not answered where its epoch could not begin before the connection was lost', () => {
    const world = new World();
    const process = trusted(world);
    world.fence(3);
    world.deliver();
    until(process, 'pass fence');
    process.step('fails');
    process.lose();
    process.step('fails');
    expect(world.promises.answered.size).toBe(0);
    world.drain(process);
    expect(world.promises.answered.size).toBe(1);
  });
});

describe('who has more than its share', () => {
  test('leaves the partition after the next commit, and is the last of those that wait', () => {
    const world = new World();
    const process = trusted(world);
    const other = world.process();
    other.trust();
    world.chat();
    world.drain(process);
    expect([process.rules.active, other.rules.active]).toEqual([true, false]);
    process.leave();
    expect(process.rules.active).toBe(true);
    for (const active of [false, true]) {
      world.messages();
      world.drain(process, other);
      expect(other.rules.active).toBe(active);
    }
    expect(process.rules.active).toBe(false);
  });
});

describe('what was returned', () => {
  test('without an owner waits for all of them, whatever the prefetch, and a mark tells that they have come', () => {
    const world = new World();
    for (let sent = 0; sent < 3; sent += 1) world.messages();
    const lost = trustedOn(world);
    lost.crash();
    const process = world.process();
    world.deliver();
    process.settle();
    expect(world.promises.rejected.size).toBe(0);
    expect(process.subscriptions.at(-1)).toBe(PREFETCH);
    expect(world.broker.sent.at(-1)?.properties).toEqual({ type: 'fence' });
    world.drain(process);
    expect(world.promises.rejected.size).toBe(3);
  });

  test('is stored in whichever order it comes, as often as that helps', () => {
    const world = new World();
    const events = [world.messages(0, 1), world.chat(0, 1), world.application()];
    trustedOn(world).crash();
    const process = world.process();
    process.trust();
    world.deliver();
    process.settle();
    expect(events.map(({ acknowledged }) => acknowledged)).toEqual([true, true, true]);
    expect(world.promises.rejected.size).toBe(0);
  });

  test('is needed as a whole even where few are taken after an exception', () => {
    const world = new World();
    const process = trusted(world);
    for (let sent = 0; sent < 3; sent += 1) world.messages();
    world.deliver();
    until(process, 'store');
    process.step('throws');
    world.drain(process);
    expect(world.promises.rejected.size).toBe(3);
    expect(world.now).toBeLessThan(FEW_FOR_MS);
  });

  test('and is lost again while it is stored is not put aside: it comes again', () => {
    const world = new World();
    const process = trusted(world);
    world.messages(0, 2);
    world.deliver();
    until(process, 'store');
    process.lose();
    process.settle();
    expect(world.promises.rejected.size).toBe(0);
    world.drain(process);
    expect(world.promises.rejected.size).toBe(1);
  });

  test('is all there where as many wait as a consumer can have had', () => {
    const world = new World();
    for (let sent = 0; sent < PREFETCH; sent += 1) world.messages();
    trustedOn(world).crash();
    const process = world.process();
    process.trust();
    world.deliver();
    process.settle();
    expect(world.promises.rejected.size).toBe(PREFETCH);
  });

  /** Has taken everything that is there, and stored nothing. */
  function trustedOn(world: World): Process {
    const process = world.process();
    process.trust();
    world.deliver();
    return process;
  }
});

describe('what this program does not know', () => {
  test('stays in the log; what is before it is stored, acknowledged and answered, and what is behind it is left', () => {
    const world = new World();
    const process = world.process(old);
    const [before, fence] = [[world.application(), world.chat()], world.fence()];
    const unknown = world.messages(0, 1, true);
    const [behind, later] = [world.messages(), world.fence()];
    for (let turn = 0; turn < 10; turn += 1) {
      world.deliver();
      process.settle();
    }
    expect(before.map(({ acknowledged }) => acknowledged)).toEqual([true, true]);
    expect([unknown, behind].map(({ acknowledged, losses }) => [acknowledged, losses])).toEqual([
      [false, 1],
      [false, 1],
    ]);
    expect([...world.promises.answered]).toEqual([fence]);
    expect(process.rules.unknown).toBe('field "key" of event type "messages"');
    expect([process.rules.active, process.holds]).toEqual([false, 1]);
    const subscriptions = process.subscriptions.length;
    process.lose();
    process.subscribe();
    process.trust();
    expect(process.subscriptions).toHaveLength(subscriptions);
    world.drain(world.process());
    world.promises.checkAll();
    expect([...world.promises.answered]).toEqual([fence, later]);
  });

  test('is met alone by a process that has just been started, and costs nothing else a delivery', () => {
    const world = new World();
    const unknown = world.application(0, true);
    const behind = world.chat();
    for (let restarts = 0; restarts < 5; restarts += 1) {
      const process = world.process(old);
      world.deliver();
      process.settle();
      process.crash();
    }
    expect([unknown.losses, behind.losses]).toEqual([5, 0]);
  });

  test('among what was returned keeps the others without an owner: what they need may be what is unknown', () => {
    const world = new World();
    const chat = world.chat(0, 1, true);
    world.application();
    const message = world.messages();
    const lost = world.process();
    lost.trust();
    world.deliver();
    lost.crash();
    const process = world.process(old);
    process.trust();
    world.deliver();
    process.settle();
    expect([chat.acknowledged, message.acknowledged]).toEqual([false, false]);
    expect(world.promises.rejected.size).toBe(0);
    world.drain(world.process());
  });

  test('behind what was returned without an owner may be that owner: nothing of it is put aside', () => {
    const world = new World();
    const message = world.messages();
    world.chat(0, 1, true);
    const lost = world.process();
    lost.trust();
    world.deliver();
    lost.crash();
    const process = world.process(old);
    process.trust();
    world.deliver();
    process.settle();
    expect(process.rules.unknown).toBe('field "key" of event type "chat"');
    expect([world.promises.rejected.size, message.acknowledged]).toEqual([0, false]);
  });

  test('of a message or a fence is told by what it says', () => {
    for (const [properties, v, unknown] of [
      [{ type: 'erasures' }, 1, 'message type "erasures"'],
      [{ type: 'fence', replyTo: 'x', correlationId: 'y' }, 2, 'fence version 2'],
      [{ type: 'events' }, 2, 'envelope version 2'],
    ] as const) {
      const world = new World();
      const process = world.process();
      world.broker.publish(Buffer.from(JSON.stringify({ v, partition: 0, events: [] })), properties);
      world.deliver();
      process.settle();
      expect(process.rules.unknown).toBe(unknown);
      expect(world.promises.malformed.size).toBe(0);
    }
  });

  test('is not what somebody published who is no program of ours', () => {
    for (const properties of [{ type: 'erasures' }, { type: 'events' }, {}]) {
      const world = new World();
      const process = world.process();
      const sent = world.broker.publish(Buffer.from('{"v":9}'), properties, [], true);
      world.deliver();
      process.settle();
      expect(process.rules.unknown).toBeUndefined();
      expect(sent.acknowledged).toBe(true);
      expect(world.promises.malformed.size).toBe(1);
    }
  });
});

describe('a stop', () => {
  test('takes nothing of what has arrived', () => {
    const world = new World();
    const process = trusted(world);
    world.chat();
    world.deliver();
    process.step();
    expect(process.wanted?.kind).toBe('turn');
    process.rules.stop();
    process.step();
    expect(process.wanted).toBeUndefined();
  });

  for (const kind of ['store', 'put aside', 'pass fence']) {
    test(`gives up where it cannot ${kind} now, acknowledges nothing, and takes nothing more`, () => {
      const world = new World();
      const process = trusted(world);
      if (kind === 'store') world.chat();
      if (kind === 'put aside') world.junk();
      if (kind === 'pass fence') world.fence();
      world.deliver();
      until(process, kind);
      process.rules.stop();
      process.settle('fails');
      expect(world.broker.sent.map(({ acknowledged }) => acknowledged)).toEqual([true, false]);
      expect(world.promises.answered.size).toBe(0);
      process.subscribe();
      expect(process.subscriptions).toEqual([1, PREFETCH]);
    });
  }
});
