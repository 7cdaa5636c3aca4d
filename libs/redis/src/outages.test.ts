import { describe, expect, test } from 'bun:test';
import { ACKNOWLEDGE_WITHIN_MS, Unavailable } from '@parley/domain';
import { failure, TcpProxy, until } from '@parley/testing';
import { epochRegister } from './testing/register.ts';
import { canStartServers } from './testing/server.ts';
import { draw, firstOf, messagesOf, PARTITIONS, TestSystem, tokenIn } from './testing/system.ts';
import { WrongRedis } from './version.ts';

describe.skipIf(!canStartServers())('Redis away, hanging, or with another memory', () => {
  const system = new TestSystem();

  test('stopped: refuses at once; restarted: a new epoch, in which no old counter is used', async () => {
    const server = await system.server();
    const options = { servers: { url: server.url } };
    const { numbering, counters, ping, closedPartitions } = await system.ready(options);
    expect(closedPartitions()).toBe(0);
    const sequence = messagesOf();
    await numbering.seed(sequence, { number: 0 });
    expect(await draw(numbering, sequence)).toMatchObject({ first: 1, epoch: 1 });
    await server.kill();
    const started = performance.now();
    for (const call of [
      () => draw(numbering, sequence),
      () => numbering.seed(sequence, { number: 1 }),
      () => counters.add(1, [{ sequence, count: 1 }]),
      () => counters.pending(0, [sequence]),
      () => counters.drop(0, 1),
      () => ping(),
    ]) {
      expect(await failure(call())).toBeInstanceOf(Unavailable);
    }
    expect(performance.now() - started).toBeLessThan(1_500);
    expect(closedPartitions()).toBe(PARTITIONS);
    await server.start();
    await until('it draws again', async () => (await failure(draw(numbering, sequence))) === undefined);
    expect(await draw(numbering, sequence)).toMatchObject({ status: 'missing' });
    await numbering.seed(sequence, { number: 1 });
    expect(await draw(numbering, sequence)).toMatchObject({ first: 2, epoch: 2 });
    await ping();
    expect(closedPartitions()).toBe(0);
  });

  test('paused: every call settles within its deadline; resumed: goes on in the same epoch without repeating', async () => {
    const server = await system.server();
    const { numbering } = await system.ready({ servers: { url: server.url } });
    const sequence = messagesOf();
    await numbering.seed(sequence, { number: 0 });
    server.pause();
    const started = performance.now();
    const errors = await Promise.all(Array.from({ length: 10 }, () => failure(draw(numbering, sequence))));
    for (const error of errors) expect(error).toBeInstanceOf(Unavailable);
    expect(performance.now() - started).toBeLessThan(1_200);
    server.resume();
    let first = 0;
    await until('it draws again', async () => {
      first = await firstOf(numbering, sequence).catch(() => 0);
      return first > 0;
    });
    expect(first).toBeGreaterThan(1); // draws that timed out took numbers too: a gap
    expect(await draw(numbering, sequence)).toMatchObject({ first: first + 1, epoch: 1 });
  });

  test('a connection that is dead without a word is given up, and another one made', async () => {
    const server = await system.server();
    const { proxy, url } = await TcpProxy.open(server.url);
    const { numbering } = await system.ready({ servers: { url } });
    const sequence = messagesOf();
    await numbering.seed(sequence, { number: 0 });
    proxy.set({ swallow: true });
    expect(await failure(draw(numbering, sequence))).toBeInstanceOf(Unavailable);
    proxy.set({ swallow: false }); // the old connection stays dead
    await until('it draws again', async () => (await failure(draw(numbering, sequence))) === undefined);
    expect(await draw(numbering, sequence)).toMatchObject({ first: 2, epoch: 1 });
    proxy.close();
  });

  test('emptied while it runs: the next draw is refused, then a new epoch is open', async () => {
    const server = await system.server();
    const { numbering } = await system.ready({ servers: { url: server.url } });
    const sequence = messagesOf();
    await numbering.seed(sequence, { number: 41 });
    await server.cli('FLUSHALL');
    expect(await failure(draw(numbering, sequence))).toBeInstanceOf(Unavailable);
    await until('it draws again', async () => (await failure(draw(numbering, sequence))) === undefined);
    expect(await draw(numbering, sequence)).toMatchObject({ status: 'missing' });
  });

  test('its data replaced by an older copy without a restart: a new epoch', async () => {
    const [server, copy] = [await system.server(), await system.server()];
    const { numbering } = await system.ready({ servers: { url: server.url } });
    const sequence = messagesOf();
    await numbering.seed(sequence, { number: 0 });
    await copy.cli('REPLICAOF', '127.0.0.1', String(server.port));
    await until('the copy is there', async () =>
      String(await copy.cli('INFO', 'replication')).includes('link_status:up'),
    );
    const { epoch } = (await draw(numbering, sequence).catch(() => ({ epoch: 0 }))) as { epoch: number };
    await until('it draws', async () => (await failure(draw(numbering, sequence))) === undefined);
    await copy.cli('REPLICAOF', 'NO', 'ONE');
    await server.cli('REPLICAOF', '127.0.0.1', String(copy.port));
    await until('the data came', async () =>
      String(await server.cli('INFO', 'replication')).includes('link_status:up'),
    );
    await server.cli('REPLICAOF', 'NO', 'ONE');
    expect(await failure(draw(numbering, sequence))).toBeInstanceOf(Unavailable);
    await until('it draws again', async () => (await failure(draw(numbering, sequence))) === undefined);
    expect(numbering.epochOf(sequence.token)).toBeGreaterThan(epoch);
  });

  test('nothing is drawn before the new epoch is secured, however often that fails, and all processes adopt it', async () => {
    const server = await system.server();
    const asked: [number, number][] = [];
    const begun: [number, number][] = [];
    const { promise: gate, resolve: allow } = Promise.withResolvers<void>();
    let failing = 2;
    let last = 6;
    const register = {
      next: async (partition: number, above: number) => {
        asked.push([partition, above]);
        if (failing-- > 0) throw new Error('the database is away');
        last += 1;
        return last;
      },
      last: async () => last,
      begin: async (partition: number, epoch: number) => {
        begun.push([partition, epoch]);
        await gate;
      },
    };
    const one = system.drivers({ servers: { url: server.url }, partitions: 1, register });
    const two = system.drivers({ servers: { url: server.url }, partitions: 1, register });
    const sequence = messagesOf();
    await until('both try', () => begun.length >= 2);
    for (const { numbering } of [one, two]) {
      expect(await failure(draw(numbering, sequence))).toBeInstanceOf(Unavailable);
      expect(await failure(numbering.seed(sequence, { number: 0 }))).toBeInstanceOf(Unavailable);
      expect(numbering.epochOf(sequence.token)).toBeUndefined();
    }
    expect(asked[0]).toEqual([0, 0]);
    // The second process goes on with the first one's epoch.
    expect(new Set(begun.map(([, epoch]) => epoch)).size).toBe(1);
    const [[, epoch] = []] = begun;
    allow();
    await Promise.all([one.ready(), two.ready()]);
    await one.numbering.seed(sequence, { number: 0 });
    expect(await draw(one.numbering, sequence)).toMatchObject({ first: 1, epoch });
    expect(await draw(two.numbering, sequence)).toMatchObject({ first: 2, epoch });
  });

  test('an epoch does not begin while what was drawn in an older one may still be acknowledged', async () => {
    const server = await system.server();
    const register = epochRegister();
    let takenAt = 0;
    let begunAt = 0;
    const watched = {
      ...register,
      next: (partition: number, above: number) => {
        takenAt = performance.now();
        return register.next(partition, above);
      },
      begin: async () => {
        begunAt = performance.now();
      },
    };
    const { numbering } = await system.ready({ servers: { url: server.url }, partitions: 1, register: watched });
    expect(begunAt).toBe(0); // epoch 1 needs no `begin`: nothing was drawn before
    await server.cli('FLUSHALL');
    expect(await failure(draw(numbering, messagesOf()))).toBeInstanceOf(Unavailable);
    await until('the next one begins', () => begunAt > 0);
    expect(begunAt - takenAt).toBeGreaterThan(ACKNOWLEDGE_WITHIN_MS);
  });

  test('a counter that is lost alone ends the epoch for all, unless it may have expired', async () => {
    const server = await system.server();
    const options = { servers: { url: server.url } };
    const [{ numbering }, other] = [await system.ready(options), await system.ready(options)];
    const sequence = messagesOf();
    const highest = { number: 41, epoch: 1, at: Date.now() };
    const seededByOther = messagesOf(sequence.token, 3);
    await other.numbering.seed(seededByOther, { number: 0 }, 1);
    await firstOf(other.numbering, seededByOther);
    // The other process created the counter just after this one missed it.
    await numbering.seed(seededByOther, { number: 1, epoch: 1, at: Date.now() }, 1);
    expect(await draw(numbering, seededByOther)).toMatchObject({ first: 2, epoch: 1 });
    expect(await failure(numbering.seed(sequence, highest, 1))).toBeInstanceOf(Unavailable);
    expect(await failure(draw(other.numbering, sequence))).toBeInstanceOf(Unavailable);
    await until('it draws again', async () => (await failure(draw(numbering, sequence))) === undefined);
    const epoch = numbering.epochOf(sequence.token) as number; // both may have begun an epoch: then the later counts
    expect(epoch).toBeGreaterThan(1);
    expect(await draw(numbering, sequence)).toEqual({ status: 'missing', epoch });
    await numbering.seed(sequence, highest, epoch);
    expect(await draw(numbering, sequence)).toMatchObject({ first: 42, epoch });
    await until(
      'the other one has found it',
      async () => (await failure(draw(other.numbering, sequence))) === undefined,
    );
    const idle = messagesOf(sequence.token, 2);
    await numbering.seed(idle, { number: 5, epoch, at: Date.now() - 7 * 24 * 60 * 60 * 1_000 }, epoch);
    expect(await draw(numbering, idle)).toMatchObject({ first: 6, epoch });
  });

  test('what an opener left when it was killed is finished by another, but not in another run', async () => {
    const server = await system.server();
    const register = epochRegister();
    const begun: number[] = [];
    const stuck = {
      ...register,
      begin: async (_partition: number, epoch: number) => {
        begun.push(epoch);
        throw new Error('the worker is away');
      },
    };
    await register.next(0, 0); // epoch 1 was given out before
    const killed = system.drivers({ servers: { url: server.url }, partitions: 1, register: stuck });
    await until('it has claimed', () => begun.length > 0);
    await killed.close();
    const options = { servers: { url: server.url }, partitions: 1, register };
    const { numbering } = await system.ready(options);
    const token = tokenIn(0);
    expect(numbering.epochOf(token)).toBe(2);
    await server.cli('HSET', `${system.prefix}{p0}:epoch`, 'state', 'opening'); // as after loading an older file
    await server.kill();
    await server.start();
    await until('a newer one is open', () => numbering.epochOf(token) === 3);
  });

  test('an opener that was overtaken, and whose overtaker Redis has forgotten, opens nothing', async () => {
    const server = await system.server();
    const register = epochRegister();
    await register.next(0, 0); // epoch 1 was given out before
    const { promise: gate, resolve: allow } = Promise.withResolvers<void>();
    const slow = { ...register, next: (partition: number, above: number) => gated(register.next(partition, above)) };
    const gated = async (number: Promise<number>) => {
      const n = await number;
      await gate;
      return n;
    };
    const options = { servers: { url: server.url }, partitions: 1 };
    const overtaken = system.drivers({ ...options, register: slow });
    await until('it has a number', async () => (await register.last(0)) === 2);
    const overtaker = await system.ready({ ...options, register });
    const token = tokenIn(0);
    expect(overtaker.numbering.epochOf(token)).toBe(3);
    await overtaker.close();
    await server.cli('FLUSHALL');
    allow();
    await overtaken.ready();
    expect(overtaken.numbering.epochOf(token)).toBe(4);
  });

  test('an epoch that another process has opened is adopted at the next draw', async () => {
    const server = await system.server();
    const { numbering } = await system.ready({ servers: { url: server.url } });
    const token = tokenIn(2);
    await server.cli('HSET', `${system.prefix}{p2}:epoch`, 'n', '9');
    expect(await draw(numbering, messagesOf(token))).toEqual({ status: 'missing', epoch: 9 });
    expect(numbering.epochOf(token)).toBe(9);
    expect(numbering.epochOf(tokenIn(1))).toBe(1);
    expect(PARTITIONS).toBe(4);
  });

  test('a wrong login is told at once; a server that is not there is waited for', async () => {
    const server = await system.server('--requirepass', 'secret');
    const refused = system.drivers({ servers: { url: server.url } });
    expect(await failure(refused.ready())).toBeInstanceOf(WrongRedis);
    await server.kill();
    const waiting = system.drivers({ servers: { url: server.url.replace('//', '//:secret@') } });
    expect(await failure(draw(waiting.numbering, messagesOf()))).toBeInstanceOf(Unavailable);
    await server.start().catch(() => {});
    await waiting.ready();
  });
});
