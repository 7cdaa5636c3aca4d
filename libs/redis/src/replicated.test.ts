import { describe, expect, test } from 'bun:test';
import { newEventId, type Sequence, Unavailable } from '@parley/domain';
import { failure, until } from '@parley/testing';
import { canStartServers, formCluster, type RedisServer } from './testing/server.ts';
import { draw, firstOf, messagesOf, TestSystem } from './testing/system.ts';

const PARTITIONS = 16;

const startable = canStartServers();

describe.skipIf(!startable)('a Redis Cluster of three masters', () => {
  const system = new TestSystem();

  async function cluster(): Promise<RedisServer[]> {
    const servers = await Promise.all([1, 2, 3].map(() => system.server('--cluster-enabled', 'yes')));
    await formCluster(servers);
    return servers;
  }

  test('carries numbers, keys and counts, spread by partition', async () => {
    const servers = await cluster();
    const nodes = servers.map(({ port }) => ({ host: '127.0.0.1', port }));
    const options = { servers: { cluster: nodes }, partitions: PARTITIONS };
    const drivers = [await system.ready(options), await system.ready(options)];
    const [{ numbering, counters, ping }] = drivers as [(typeof drivers)[0], ...typeof drivers];
    await ping();
    const sequences = Array.from({ length: 40 }, () => messagesOf());
    await Promise.all(sequences.map((sequence) => numbering.seed(sequence, { number: 0 })));
    const draws = Array.from({ length: 2_000 }, async (_, index) => {
      const sequence = sequences[index % sequences.length] as Sequence;
      return `${sequence.token}:${await firstOf((drivers[index % 2] ?? drivers[0])?.numbering ?? numbering, sequence)}`;
    });
    expect(new Set(await Promise.all(draws)).size).toBe(2_000);
    for (const sequence of sequences) expect(await firstOf(numbering, sequence)).toBe(51);

    const id = newEventId();
    const key = { hash: id + id, body: id + id };
    const [one, two] = await Promise.all(
      drivers.map((each) => each.numbering.register({ token: each.numbering.newToken(key), key })),
    );
    expect(one).toMatchObject({ token: two !== undefined && 'token' in two && two.token });

    await counters.add(
      3,
      sequences.map((sequence) => ({ sequence, count: 2 })),
    );
    expect(await counters.pending(2, sequences)).toEqual(sequences.map(() => 2));
    for (let partition = 0; partition < PARTITIONS; partition += 1) await counters.drop(partition, 3);
    expect(await counters.pending(2, sequences)).toEqual(sequences.map(() => 0));

    const sizes = await Promise.all(servers.map((server) => server.cli('DBSIZE')));
    for (const size of sizes) expect(Number(size)).toBeGreaterThan(3);
  });

  test('a master that restarts blocks its own partitions until a new epoch is open, the others go on', async () => {
    const servers = await cluster();
    const nodes = servers.map(({ port }) => ({ host: '127.0.0.1', port }));
    // Without this the whole cluster would refuse commands while one master is down.
    await Promise.all(servers.map((server) => server.cli('CONFIG', 'SET', 'cluster-require-full-coverage', 'no')));
    const options = { servers: { cluster: nodes }, partitions: PARTITIONS };
    const { numbering } = await system.ready(options);
    const sequences = Array.from({ length: 60 }, () => messagesOf());
    for (const sequence of sequences) await numbering.seed(sequence, { number: 0 });
    for (const sequence of sequences) await firstOf(numbering, sequence);
    await servers[0]?.kill();
    const during = await Promise.all(sequences.map((sequence) => failure(draw(numbering, sequence))));
    expect(during).toContain(undefined);
    expect(during.some((error) => error instanceof Unavailable)).toBe(true);
    await servers[0]?.start();
    await until('all draw again', async () => {
      const errors = await Promise.all(sequences.map((sequence) => failure(draw(numbering, sequence))));
      return errors.every((error) => error === undefined);
    });
    const renewed = sequences.filter(({ token }) => numbering.epochOf(token) === 2);
    expect(renewed.length).toBeGreaterThan(0);
    expect(renewed.length).toBeLessThan(sequences.length);
    for (const sequence of sequences) {
      expect((await draw(numbering, sequence)).status).toBe(renewed.includes(sequence) ? 'missing' : 'drawn');
    }
  });
});

describe.skipIf(!startable)('a master that Sentinels watch', () => {
  const system = new TestSystem();

  test('after a failover numbers are drawn from the new master, in a new epoch, and never twice', async () => {
    const master = await system.server();
    const replica = await system.server('--replicaof', `127.0.0.1 ${master.port}`);
    await until('the replica follows', async () =>
      String(await replica.cli('INFO', 'replication')).includes('link_status:up'),
    );
    const sentinel = await system.sentinel(master);
    await until('the Sentinel knows the replica', async () =>
      String(await sentinel.cli('INFO', 'sentinel')).includes('slaves=1'),
    );
    const { numbering } = await system.ready({
      servers: { sentinels: [{ host: '127.0.0.1', port: sentinel.port }], master: 'main' },
      partitions: 2,
    });
    const sequence = messagesOf();
    await numbering.seed(sequence, { number: 0 });
    const drawn: number[] = [await firstOf(numbering, sequence)];
    await until(
      'the failover begins',
      async () => (await failure(sentinel.cli('SENTINEL', 'FAILOVER', 'main'))) === undefined,
    );
    await until('the new master draws', async () => {
      const answer = await draw(numbering, sequence).catch(() => undefined);
      if (answer?.status === 'missing') await numbering.seed(sequence, { number: Math.max(...drawn) }).catch(() => {});
      if (answer?.status === 'drawn') drawn.push(answer.first);
      return answer?.status === 'drawn' && answer.epoch === 2;
    });
    expect(new Set(drawn).size).toBe(drawn.length);
    expect(String(await replica.cli('INFO', 'replication'))).toContain('role:master');
  });
});
