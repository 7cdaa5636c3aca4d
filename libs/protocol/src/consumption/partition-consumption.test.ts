import { describe, expect, test } from 'bun:test';
import { checkEventOfVersion } from '@parley/domain';
import { GATHER_MS, GATHER_MS_MAX } from './partition-consumption.ts';
import { FEW_FOR_MS, PREFETCH, PREFETCH_LARGE } from './prefetch.ts';
import type { Process } from './testing/process.ts';
import { World } from './testing/world.ts';

const old = checkEventOfVersion(0);

/** Does steps until the process is at a step of this kind. */
function until(process: Process, kind: string): void {
  while (process.wanted?.kind !== kind) if (!process.step()) throw new Error(`it never comes to '${kind}'`);
}

/** Returns a process that has committed once, so its prefetch is large. */
function trusted(world: World): Process {
  const process = world.process();
  world.application();
  world.deliver();
  process.settle();
  world.now += 1_000;
  return process;
}

describe('the prefetch of a subscription', () => {
  test('is 1 until the first commit, then large', () => {
    const world = new World();
    const process = world.process();
    world.application();
    world.chat();
    world.deliver();
    expect(world.broker.sent.map(({ acknowledged }) => acknowledged)).toEqual([false, false]);
    process.settle();
    expect(process.subscriptions).toEqual([1, PREFETCH]);
  });

  test('becomes large for a consumer that has waited for a while, but not for the active one', () => {
    const world = new World();
    const [first, second] = [world.process(), world.process()];
    world.application();
    world.deliver();
    first.trust();
    second.trust();
    expect([first.subscriptions, second.subscriptions]).toEqual([[1], [1, PREFETCH]]);
  });

  test('is 1 again if the connection was lost before anything of the subscription was committed', () => {
    const world = new World();
    const process = trusted(world);
    process.lose();
    expect(process.subscriptions.at(-1)).toBe(PREFETCH); // the lost channel had no delivery
    world.chat();
    world.deliver();
    process.lose();
    expect(process.subscriptions.at(-1)).toBe(1);
  });

  test('is 1 for a minute after a batch threw an exception', () => {
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

  test('is small while envelopes are large, and the envelopes beyond it are requeued', () => {
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
  test('a delivery that comes alone does not wait; one that comes soon after a batch waits for others', () => {
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

  test.each([
    [10, 30],
    [30, GATHER_MS_MAX],
  ])('after a batch that took %i ms, the next one begins %i ms after the begin of that one', (took, gather) => {
    const world = new World();
    const process = trusted(world);
    world.chat();
    world.deliver();
    until(process, 'store');
    world.now += took;
    world.messages();
    world.deliver();
    until(process, 'gather');
    expect(process.wanted).toEqual({ kind: 'gather', milliseconds: gather - took });
  });

  test('a fence does not wait for other deliveries', () => {
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

describe('fences', () => {
  test('begin the highest of their epochs, once, and each is answered with the seq', () => {
    const world = new World();
    const process = trusted(world);
    const fences = [world.fence(3), world.fence(7), world.fence(5), world.fence()];
    world.deliver();
    until(process, 'pass fence');
    expect(process.wanted).toMatchObject({ kind: 'pass fence', epoch: 7 });
    process.settle();
    expect(world.promises.answered).toEqual(new Set(fences));
  });

  test('are not answered if their epoch could not begin before the connection was lost', () => {
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

describe('a consumer that has more than its share', () => {
  test('leaves the partition after the next commit, and is the last of those that wait for it', () => {
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

describe('redeliveries', () => {
  test('without an owner wait until all redeliveries have come, at any prefetch; a mark shows that they have', () => {
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

  test('are stored in whichever order they come: what lacks its owner is tried again after the owner', () => {
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

  test('below a chat or application that was deleted do not wait: they are discarded and acknowledged', () => {
    for (const chat of [1, undefined]) {
      const world = new World();
      const process = trusted(world);
      world.chat();
      world.deliver();
      process.settle();
      world.delete(0, chat);
      const messages = world.messages();
      world.deliver();
      process.lose();
      world.deliver();
      process.settle();
      expect([messages.losses, messages.acknowledged]).toEqual([1, true]);
      expect(world.broker.sent.at(-1)).toBe(messages); // no mark was needed
      expect(world.promises.discarded.size).toBe(1);
      world.promises.checkAll();
    }
  });

  test('come all at once even while the prefetch is small after an exception', () => {
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

  test('that are lost again while they are stored are not put aside: they come again', () => {
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

  test('have all come if as many wait as a consumer can have unacked', () => {
    const world = new World();
    for (let sent = 0; sent < PREFETCH; sent += 1) world.messages();
    trustedOn(world).crash();
    const process = world.process();
    process.trust();
    world.deliver();
    process.settle();
    expect(world.promises.rejected.size).toBe(PREFETCH);
  });

  /** Returns a process that got everything in the queue and has stored nothing. */
  function trustedOn(world: World): Process {
    const process = world.process();
    process.trust();
    world.deliver();
    return process;
  }
});

describe('an event that this program does not know', () => {
  test('stays in the queue; what is before it is stored, acknowledged and answered; what is behind it stays', () => {
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

  test('is the only delivery of a process that has just started, so nothing else is redelivered', () => {
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

  test('among redeliveries keeps those without an owner in the queue: it may be that owner', () => {
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

  test('behind a redelivery without an owner keeps that in the queue: it may be that owner', () => {
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

  test('is recognized by a message type, a fence version or an envelope version', () => {
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

  test('is not garbage that a foreign program published: that is put aside', () => {
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
  test('takes none of the deliveries that have arrived', () => {
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
    test(`gives a batch up if it cannot ${kind} now, acknowledges nothing, and takes nothing more`, () => {
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
