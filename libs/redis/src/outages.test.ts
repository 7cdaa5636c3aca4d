import { describe, expect, test } from 'bun:test';
import { Unavailable } from '@parley/domain';
import {
  draw,
  failure,
  firstOf,
  messagesOf,
  PARTITIONS,
  rememberedEpochs,
  TestSystem,
  tokenIn,
  until,
} from './testing/system.ts';
import { WrongRedis } from './version.ts';

describe('Redis away, hanging, or with another memory', () => {
  const system = new TestSystem();

  test('stopped: refuses at once; restarted: a new epoch, in which no old counter is used', async () => {
    const server = await system.server();
    const options = { servers: { url: server.url }, openEpoch: rememberedEpochs() };
    const { numbering, counters, ping } = await system.ready(options);
    const sequence = messagesOf();
    await numbering.seed(sequence, 0);
    expect(await draw(numbering, sequence)).toMatchObject({ first: 1, epoch: 1 });
    await server.kill();
    const started = performance.now();
    for (const call of [
      () => draw(numbering, sequence),
      () => numbering.seed(sequence, 1),
      () => counters.add(1, [{ sequence, count: 1 }]),
      () => counters.pending(0, [sequence]),
      () => counters.drop(1),
      () => ping(),
    ]) {
      expect(await failure(call())).toBeInstanceOf(Unavailable);
    }
    expect(performance.now() - started).toBeLessThan(1_500);
    await server.start();
    await until('it draws again', async () => (await failure(draw(numbering, sequence))) === undefined);
    expect(await draw(numbering, sequence)).toEqual({ status: 'missing' });
    await numbering.seed(sequence, 1);
    expect(await draw(numbering, sequence)).toMatchObject({ first: 2, epoch: 2 });
    await ping();
  });

  test('paused: every call settles within its deadline; resumed: goes on in the same epoch without repeating', async () => {
    const server = await system.server();
    const { numbering } = await system.ready({ servers: { url: server.url } });
    const sequence = messagesOf();
    await numbering.seed(sequence, 0);
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
    expect(first).toBeGreaterThan(1); // those that timed out were drawn: a gap
    expect(await draw(numbering, sequence)).toMatchObject({ first: first + 1, epoch: 1 });
  });

  test('emptied while it runs: the next draw is refused, then a new epoch is open', async () => {
    const server = await system.server();
    const { numbering } = await system.ready({ servers: { url: server.url } });
    const sequence = messagesOf();
    await numbering.seed(sequence, 41);
    await server.cli('FLUSHALL');
    expect(await failure(draw(numbering, sequence))).toBeInstanceOf(Unavailable);
    await until('it draws again', async () => (await failure(draw(numbering, sequence))) === undefined);
    expect(await draw(numbering, sequence)).toEqual({ status: 'missing' });
  });

  test('its data replaced by an older copy without a restart: a new epoch', async () => {
    const [server, copy] = [await system.server(), await system.server()];
    const { numbering } = await system.ready({ servers: { url: server.url } });
    const sequence = messagesOf();
    await numbering.seed(sequence, 0);
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
    const opened: { partition: number; previous: number | undefined }[] = [];
    const { promise: gate, resolve: allow } = Promise.withResolvers<void>();
    let failing = 2;
    const openEpoch = async (partition: number, previous: number | undefined) => {
      opened.push({ partition, previous });
      if (failing-- > 0) throw new Error('the database is away');
      await gate;
      return 7;
    };
    const one = system.drivers({ servers: { url: server.url }, partitions: 1, openEpoch });
    const two = system.drivers({ servers: { url: server.url }, partitions: 1, openEpoch });
    const sequence = messagesOf();
    await until('both try', () => opened.length >= 4);
    for (const { numbering } of [one, two]) {
      expect(await failure(draw(numbering, sequence))).toBeInstanceOf(Unavailable);
      expect(await failure(numbering.seed(sequence, 0))).toBeInstanceOf(Unavailable);
      expect(numbering.epochOf(sequence.token)).toBeUndefined();
    }
    expect(opened[0]).toEqual({ partition: 0, previous: undefined });
    allow();
    await Promise.all([one.ready(), two.ready()]);
    await one.numbering.seed(sequence, 0);
    expect(await draw(one.numbering, sequence)).toMatchObject({ first: 1, epoch: 7 });
    expect(await draw(two.numbering, sequence)).toMatchObject({ first: 2, epoch: 7 });
  });

  test('an epoch that another process has opened is adopted at the next draw', async () => {
    const server = await system.server();
    const { numbering } = await system.ready({ servers: { url: server.url } });
    const token = tokenIn(2);
    const run = (await server.cli('HGET', `${system.prefix}{p2}:epoch`, 'run_id')) as string;
    await server.cli('HSET', `${system.prefix}{p2}:epoch`, 'n', '9', 'run_id', run);
    expect(await failure(draw(numbering, messagesOf(token)))).toBeInstanceOf(Unavailable);
    await until('it is adopted', () => numbering.epochOf(token) === 9);
    expect(await draw(numbering, messagesOf(token))).toEqual({ status: 'missing' });
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
