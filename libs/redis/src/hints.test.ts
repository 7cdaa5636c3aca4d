import { describe, expect, test } from 'bun:test';
import { type AccessHint, Unavailable } from '@parley/domain';
import { failure, TcpProxy, thrownApart, until } from '@parley/testing';
import { Redis } from 'ioredis';
import { connectRedis } from './connect.ts';
import { RedisHints } from './hints.ts';
import { Keys } from './keys.ts';
import type { RedisDrivers } from './open.ts';
import { redisUrl } from './testing/keys.ts';
import { canStartServers, formCluster, type RedisServer } from './testing/server.ts';
import { TestSystem } from './testing/system.ts';

const CHANGED = { kind: 'changed' } as const;

/** Listens. Returns what it takes, in order. */
function taken({ hints }: RedisDrivers): AccessHint[] {
  const hintsTaken: AccessHint[] = [];
  hints.listen((hint) => hintsTaken.push(hint));
  return hintsTaken;
}

/** Resolves when a connection was unbroken since later than `after`. */
async function unbroken({ hints }: Pick<RedisDrivers, 'hints'>, after = 0): Promise<number> {
  let since: number | undefined;
  await until('it is connected', async () => {
    since = await hints.unbrokenSince();
    return since !== undefined && since > after;
  });
  return since as number;
}

async function tellUntilTaken(from: RedisDrivers, by: readonly AccessHint[]): Promise<void> {
  const before = by.length;
  await until('a hint comes', async () => {
    await from.hints.tell(CHANGED).catch(() => {});
    return by.length > before;
  });
}

describe('hints by a server that runs', () => {
  const system = new TestSystem();

  test('who does not listen opens no connection, and has none that is unbroken', async () => {
    const client = new Redis(redisUrl());
    const drivers = await system.ready();
    const subscribers = async () => Number((await client.pubsub('NUMSUB', `${system.prefix}{access}:hints`))[1]);
    await drivers.hints.tell(CHANGED);
    expect(await drivers.hints.unbrokenSince()).toBeUndefined();
    expect(await subscribers()).toBe(0);
    taken(drivers);
    await unbroken(drivers);
    expect(await subscribers()).toBe(1);
    await drivers.close();
    await until('it is closed', async () => (await subscribers()) === 0);
    expect(await drivers.hints.unbrokenSince()).toBeUndefined();
    client.disconnect();
  });

  test('what this program does not know is ignored, and a listener that throws gets the next hint', async () => {
    const client = new Redis(redisUrl());
    const drivers = await system.ready();
    const hints: AccessHint[] = [];
    drivers.hints.listen((hint) => {
      hints.push(hint);
      if (hint.kind === 'revoked') throw new Error('the listener');
    });
    const since = await unbroken(drivers);
    const channel = `${system.prefix}{access}:hints`;
    const unknown = ['', 'null', '7', '{"kind":"other"}', '{"kind":"revoked"}', '{"kind":"revoked","id":7}', '{'];
    const thrown = await thrownApart(async () => {
      await drivers.hints.tell({ kind: 'revoked', id: 'a' });
      for (const text of unknown) await client.publish(channel, `${await client.incr(channel)} ${text}`);
      await drivers.hints.tell({ ...CHANGED, more: 'of a newer program' } as never);
      await until('both are taken', () => hints.length === 2);
    });
    expect(hints).toEqual([{ kind: 'revoked', id: 'a' }, CHANGED]);
    expect(thrown.map(String)).toEqual(['Error: the listener']);
    expect(await drivers.hints.unbrokenSince()).toBe(since);
    client.disconnect();
  });

  test('a hint that was lost on its way breaks the time, when the next one comes or it is asked', async () => {
    const client = new Redis(redisUrl());
    const drivers = await system.ready();
    const hints = taken(drivers);
    const first = await unbroken(drivers);
    const channel = `${system.prefix}{access}:hints`;
    await client.incr(channel); // told, but not published
    await drivers.hints.tell(CHANGED);
    await until('it is taken', () => hints.length === 1);
    const second = await drivers.hints.unbrokenSince();
    expect(second).toBeGreaterThan(first);
    await client.incr(channel);
    const third = await drivers.hints.unbrokenSince();
    expect(third).toBeGreaterThan(second as number);
    expect(await drivers.hints.unbrokenSince()).toBe(third);
    await client.del(channel); // as after the loss of all data
    expect(await drivers.hints.unbrokenSince()).toBeGreaterThan(third as number);
    client.disconnect();
  });

  test('it listens once', async () => {
    const drivers = await system.ready();
    taken(drivers);
    expect(() => taken(drivers)).toThrow();
  });
});

describe.skipIf(!canStartServers())('hints while Redis is away', () => {
  const system = new TestSystem();

  test('stopped: telling fails in time and no connection is unbroken; restarted: hints come again', async () => {
    const server = await system.server();
    const options = { servers: { url: server.url } };
    const [one, two] = [await system.ready(options), await system.ready(options)];
    const hints = taken(two);
    const since = await unbroken(two);
    await tellUntilTaken(one, hints);
    await server.kill();
    const started = performance.now();
    expect(await failure(one.hints.tell(CHANGED))).toBeInstanceOf(Unavailable);
    expect(await two.hints.unbrokenSince()).toBeUndefined();
    expect(performance.now() - started).toBeLessThan(2_500);
    await server.start();
    expect(await unbroken(two)).toBeGreaterThan(since);
    await tellUntilTaken(one, hints);
  });

  /** A listener whose connection has lost a hint without a word, and a process that tells hints. */
  async function deadListener() {
    const server = await system.server();
    const { proxy, url } = await TcpProxy.open(server.url);
    const teller = await system.ready({ servers: { url: server.url } });
    const listener = await system.ready({ servers: { url } });
    const hints = taken(listener);
    const since = await unbroken(listener);
    proxy.set({ swallow: true });
    const { answered } = proxy;
    await teller.hints.tell(CHANGED);
    await until('the hint is lost', () => proxy.answered > answered);
    expect(hints).toEqual([]);
    return { proxy, teller, listener, hints, since };
  }

  test('a connection that is dead without a word counts as broken in time, and another one is made', async () => {
    const { proxy, teller, listener, hints, since } = await deadListener();
    const started = performance.now();
    expect(await listener.hints.unbrokenSince()).toBeUndefined();
    expect(performance.now() - started).toBeLessThan(3_000);
    proxy.set({ swallow: false }); // the old connections stay dead
    expect(await unbroken(listener)).toBeGreaterThan(since);
    await tellUntilTaken(teller, hints);
    proxy.close();
  });

  test('a connection that dies while nobody asks is found dead too', async () => {
    const { proxy, teller, hints } = await deadListener();
    proxy.set({ swallow: false });
    await tellUntilTaken(teller, hints);
    proxy.close();
  });

  test('so it does if only the connection of the listener is dead', async () => {
    const server = await system.server();
    const { proxy, url } = await TcpProxy.open(server.url);
    const client = connectRedis({ url: server.url });
    const options = { client, servers: { url }, keys: new Keys(1, system.prefix), logger: undefined };
    const hints = new RedisHints(options);
    hints.listen(() => {});
    const since = await unbroken({ hints });
    proxy.set({ swallow: true });
    expect(await hints.unbrokenSince()).toBeUndefined();
    proxy.set({ swallow: false });
    expect(await unbroken({ hints })).toBeGreaterThan(since);
    await hints.close();
    client.disconnect();
    proxy.close();
  });

  test('a server that is not there at first is waited for', async () => {
    const server = await system.server();
    await server.kill();
    const drivers = system.drivers({ servers: { url: server.url } });
    const hints = taken(drivers);
    expect(await drivers.hints.unbrokenSince()).toBeUndefined();
    await server.start();
    await drivers.ready();
    await unbroken(drivers);
    await tellUntilTaken(drivers, hints);
  });

  test('closing while it connects ends at once', async () => {
    const { proxy, url } = await TcpProxy.open(redisUrl());
    proxy.set({ swallow: true });
    const drivers = system.drivers({ servers: { url } });
    taken(drivers);
    await Bun.sleep(10);
    const started = performance.now();
    await drivers.close();
    await drivers.close();
    expect(performance.now() - started).toBeLessThan(1_000);
    proxy.close();
  });
});

describe.skipIf(!canStartServers())('hints in a Redis Cluster and behind Sentinels', () => {
  const system = new TestSystem();

  test('if the server of the connection stops, the listener goes to another one', async () => {
    const servers: RedisServer[] = await Promise.all(
      [1, 2, 3].map(() => system.server('--cluster-enabled', 'yes', '--cluster-require-full-coverage', 'no')),
    );
    await formCluster(servers);
    // The counter is on the first server. The first attempt to listen leads to the last one.
    const nodes = servers.map(({ port }) => ({ host: '127.0.0.1', port })).reverse();
    const options = { servers: { cluster: nodes }, partitions: 2 };
    const [one, two] = [await system.ready(options), await system.ready(options)];
    const hints = taken(two);
    const since = await unbroken(two);
    await tellUntilTaken(one, hints);
    await servers[2]?.kill();
    expect(await unbroken(two, since)).toBeGreaterThan(since);
    await tellUntilTaken(one, hints);
  });

  test('after a failover hints come by the new master', async () => {
    const master = await system.server();
    const replica = await system.server('--replicaof', `127.0.0.1 ${master.port}`);
    await until('the replica follows', async () =>
      String(await replica.cli('INFO', 'replication')).includes('link_status:up'),
    );
    const sentinel = await system.sentinel(master);
    await until('the Sentinel knows the replica', async () =>
      String(await sentinel.cli('INFO', 'sentinel')).includes('slaves=1'),
    );
    const servers = { sentinels: [{ host: '127.0.0.1', port: sentinel.port }], master: 'main' };
    const [one, two] = [await system.ready({ servers }), await system.ready({ servers })];
    const hints = taken(two);
    const since = await unbroken(two);
    await until(
      'the failover begins',
      async () => (await failure(sentinel.cli('SENTINEL', 'FAILOVER', 'main'))) === undefined,
    );
    expect(await unbroken(two, since)).toBeGreaterThan(since);
    await tellUntilTaken(one, hints);
    expect(String(await replica.cli('INFO', 'replication'))).toContain('role:master');
  });
});
