import { afterEach } from 'bun:test';
import {
  type DrawAnswer,
  type Numbering,
  newEventId,
  newToken,
  partitionOf,
  type Sequence,
  type Token,
} from '@parley/domain';
import { drawFrom } from '@parley/testing';
import { openRedis, type RedisDrivers, type RedisOptions } from '../open.ts';
import { deleteKeys, redisUrl } from './keys.ts';
import { epochRegister } from './register.ts';
import { RedisServer } from './server.ts';

export const PARTITIONS = 4;

/** Drivers and servers for one test. They are closed and removed after it. */
export class TestSystem {
  readonly prefix = `test:${newEventId()}:`;
  #register = epochRegister();
  readonly #drivers: RedisDrivers[] = [];
  readonly #servers: RedisServer[] = [];

  constructor() {
    afterEach(async () => {
      await Promise.all(this.#drivers.splice(0).map((drivers) => drivers.close()));
      await Promise.all(this.#servers.splice(0).map((server) => server.remove()));
      await deleteKeys(this.prefix);
      this.#register = epochRegister(); // the next test begins with the first epoch
    });
  }

  /** Does not wait until the drivers are ready. By default they use the server that tests share. */
  drivers(options: Partial<RedisOptions> = {}): RedisDrivers {
    const { prefix } = this;
    const defaults = { servers: { url: redisUrl() }, partitions: PARTITIONS, prefix, register: this.#register };
    const drivers = openRedis({ ...defaults, ...options });
    this.#drivers.push(drivers);
    return drivers;
  }

  async ready(options: Partial<RedisOptions> = {}): Promise<RedisDrivers> {
    const drivers = this.drivers(options);
    await drivers.ready();
    return drivers;
  }

  async server(...options: string[]): Promise<RedisServer> {
    return this.#own(await RedisServer.start(...options));
  }

  async sentinel(master: RedisServer): Promise<RedisServer> {
    return this.#own(await RedisServer.startSentinel(master));
  }

  #own(server: RedisServer): RedisServer {
    this.#servers.push(server);
    return server;
  }
}

export function messagesOf(token: Token = newToken(), chat = 1): Sequence {
  return { kind: 'messages', token, chat };
}

export function tokenIn(partition: number): Token {
  for (;;) {
    const token = newToken();
    if (partitionOf(token, PARTITIONS) === partition) return token;
  }
}

export function draw(numbering: Numbering, sequence: Sequence, count = 1): Promise<DrawAnswer> {
  return drawFrom(numbering, { sequence, count });
}

/** The first number of a draw. Throws if nothing is drawn. */
export async function firstOf(numbering: Numbering, sequence: Sequence, count = 1): Promise<number> {
  const answer = await draw(numbering, sequence, count);
  if (answer.status !== 'drawn') throw new Error(`expected a draw, got ${answer.status}`);
  return answer.first;
}
