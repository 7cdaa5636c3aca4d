import type { Counters, EpochRegister } from '@parley/domain';
import type { Logger } from '@parley/runtime';
import { connectRedis, type RedisServers } from './connect.ts';
import { RedisCounters } from './counters.ts';
import { Epochs } from './epochs.ts';
import { Keys } from './keys.ts';
import { RedisNumbering } from './numbering.ts';
import { bounded, unavailable } from './unavailable.ts';
import { checkVersions, pingAll, WrongRedis } from './version.ts';

export interface RedisOptions {
  readonly servers: RedisServers;
  /** How many partitions the system has. The same in every process. */
  readonly partitions: number;
  /** The beginning of all keys, to separate several systems on one server. Default: none. */
  readonly prefix?: string;
  /** Needed to open a new epoch of the numbers. Without it these drivers only count and draw nothing. */
  readonly register?: EpochRegister;
  readonly logger?: Logger;
}

export interface RedisDrivers {
  readonly numbering: RedisNumbering;
  readonly counters: Counters;
  /**
   * Resolves when Redis was reached and, if this process draws numbers, every partition has an open epoch. Before that
   * every call is refused. Rejects with WrongRedis if the server is too old or refuses the login. Has no deadline of
   * its own: the caller sets one.
   */
  ready(): Promise<void>;
  /** The number of partitions in which no numbers can be drawn now: all of them without a connection. */
  closedPartitions(): number;
  /**
   * Resolves if every server replies and, if this process draws numbers, they can be drawn. Else rejects with
   * Unavailable.
   */
  ping(): Promise<void>;
  /** Idempotent. Calls that are not finished are refused. */
  close(): Promise<void>;
}

const RECHECK_MS = 500;

/** Connects in the background, and again after every outage. */
export function openRedis({ servers, partitions, prefix = '', register, logger }: RedisOptions): RedisDrivers {
  const keys = new Keys(partitions, prefix);
  const client = connectRedis(servers);
  const epochs = new Epochs({ client, keys, register, logger });
  let closed = false;
  const { promise: ready, resolve, reject } = Promise.withResolvers<void>();
  ready.catch(() => {}); // a caller that never asks need not handle it

  client.on('error', (error: Error) => {
    logger?.warn({ err: error }, 'Redis is away');
    if (isRefusedLogin(error)) reject(new WrongRedis(`Redis does not accept the login: ${error.message}`));
  });
  // Tries until it works: a server that hangs right after the connect must not block draws until the next reconnect.
  const check = async () => {
    for (let checked = false; !checked && !closed; ) {
      try {
        await checkVersions(client);
        checked = true;
      } catch (error) {
        logger?.error({ err: error }, 'Redis cannot be used');
        if (error instanceof WrongRedis) throw error;
        await Bun.sleep(RECHECK_MS);
      }
    }
    await epochs.checkAll();
  };
  client.on('ready', () => void check().then(resolve, reject));

  return {
    numbering: new RedisNumbering(client, epochs, keys),
    counters: new RedisCounters(client, keys),
    ready: () => ready,
    closedPartitions: () => (client.status === 'ready' ? epochs.closed : partitions),
    ping: async () => {
      await bounded(pingAll(client));
      if (register !== undefined && epochs.closed > 0)
        throw unavailable(undefined, 'The numbers are being secured anew.');
    },
    close: async () => {
      closed = true;
      epochs.close();
      reject(new Error('closed before Redis was reached'));
      client.disconnect();
    },
  };
}

/** Errors of Redis begin with their code. */
function isRefusedLogin(error: Error): boolean {
  return error.message.startsWith('WRONGPASS') || error.message.startsWith('NOAUTH');
}
