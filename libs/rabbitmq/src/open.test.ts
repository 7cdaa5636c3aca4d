import { describe, expect, test } from 'bun:test';
import { Unavailable } from '@parley/domain';
import { failure, publishTo, TcpProxy, until } from '@parley/testing';
import { rabbitmqUrl } from './testing/queues.ts';
import { messages, TestSystem } from './testing/system.ts';
import { WrongRabbitmq } from './wrong-rabbitmq.ts';

describe('starting with RabbitMQ', () => {
  const system = new TestSystem();

  test('may happen any number of times', async () => {
    const drivers = await system.started();
    await Promise.all([drivers.start(), drivers.start()]);
    await (await system.started()).ping();
  });

  test('fails if a queue exists with other arguments, and names the queue', async () => {
    await system.started({ queueBytesMax: 1_000_000 });
    const error = await failure(system.drivers({ queueBytesMax: 2_000_000 }).start());
    expect(error).toBeInstanceOf(WrongRabbitmq);
    expect((error as Error).message).toContain(`${system.queuePrefix}.events.0`);
    expect((error as Error).message).toContain('x-max-length-bytes');
  });

  test('fails with a clear error for a wrong login or an unknown virtual host', async () => {
    const login = new URL(rabbitmqUrl());
    login.password = 'wrong';
    expect(await failure(system.drivers({ url: login.href }).start())).toBeInstanceOf(WrongRabbitmq);
    const host = new URL(rabbitmqUrl());
    host.pathname = '/nowhere';
    expect(await failure(system.drivers({ url: host.href }).start())).toBeInstanceOf(WrongRabbitmq);
    await system.started();
  });

  test('without a server waits, refuses meanwhile, and can be closed', async () => {
    const { proxy, url } = await TcpProxy.open(rabbitmqUrl());
    const allow = proxy.refuse();
    const waiting = system.drivers({ url });
    const never = system.drivers({ url });
    const started = waiting.start();
    const consumed = failure(never.source.consume(async () => []));
    expect(waiting.log.refusal(system.token(0))).toBeInstanceOf(Unavailable);
    expect(await failure(publishTo(waiting.log, messages(system.token(0))))).toBeInstanceOf(Unavailable);
    await never.close();
    expect(await consumed).toBeInstanceOf(Unavailable);
    allow();
    await started;
    await publishTo(waiting.log, messages(system.token(0)));
    proxy.close();
  });

  test('a lost connection is counted, and closes every partition until there is another', async () => {
    const { proxy, url } = await TcpProxy.open(rabbitmqUrl());
    const { log, stats, state } = await system.started({ url });
    expect([log.closedPartitions(), stats.connectionsLost]).toEqual([0, 0]);
    const allow = proxy.refuse();
    await until('the connection is lost', () => state() === 'away');
    expect([log.closedPartitions(), stats.connectionsLost]).toEqual([system.partitions, 1]);
    allow();
    await until('there is another', () => state() === 'open');
    expect([log.closedPartitions(), stats.connectionsLost]).toEqual([0, 1]);
    proxy.close();
  });

  test('connections that are lost while they are set up are made again, however often', async () => {
    const { proxy, url } = await TcpProxy.open(rabbitmqUrl());
    const unlucky = Array.from({ length: 6 }, () => system.drivers({ url }));
    const started = Promise.all(unlucky.map((drivers) => drivers.start()));
    // A connection's setup takes some 10 ms and begins up to 100 ms after a cut: some cuts come during a setup.
    for (let cut = 0; cut < 120; cut += 1) {
      await Bun.sleep(5 + (cut % 24));
      proxy.cut();
    }
    await started;
    await until('all are open', () => unlucky.every((drivers) => drivers.state() === 'open'));
    for (const drivers of unlucky) await publishTo(drivers.log, messages(system.token(0)));
    proxy.close();
  });
});
