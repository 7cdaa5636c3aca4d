import type { AccessHints, Counters, EpochRegister, Figures } from '@parley/domain';
import type { Logger } from '@parley/runtime';
import { connectRedis, type RedisServers } from './connect.ts';
import { RedisCounters } from './counters.ts';
import { Epochs } from './epochs.ts';
import { RedisFigures } from './figures.ts';
import { RedisHints } from './hints.ts';
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
  /** Gives out new epochs of the numbers. Without it these drivers only count and draw nothing. */
  readonly register?: EpochRegister | undefined;
  readonly logger?: Logger;
}

export interface RedisDrivers {
  readonly numbering: RedisNumbering;
  readonly counters: Counters;
  /** `listen` opens a second connection. */
  readonly hints: AccessHints;
  readonly figures: Figures;
  /**
   * Resolves when Redis was reached and, if this process draws numbers, every partition has an open epoch. Before that
   * every call is refused. Rejects with WrongRedis if the server is too old or refuses the login. Has no deadline of
   * its own: the caller sets one.
   */
  ready(): Promise<void>;
  /** The number of partitions in which no numbers can be drawn now. Without a connection these are all. */
  closedPartitions(): number;
  /**
   * Resolves if every server replies and, if this process draws numbers, they can be drawn. Else rejects with
   * Unavailable.
   */
  ping(): Promise<void>;
  /** Closes the connections. Calls that are not finished are refused. Idempotent. */
  close(): Promise<void>;
}

const RECHECK_MS = 500;

/** Returns drivers that connect in the background, and again after every outage. */
export function openRedis({ servers, partitions, prefix = '', register, logger }: RedisOptions): RedisDrivers {
  const keys = new Keys(partitions, prefix);
  const client = connectRedis(servers);
  const epochs = new Epochs({ client, keys, register, logger });
  const hints = new RedisHints({ client, servers, keys, logger });
  let closed = false;
  const { promise: ready, resolve, reject } = Promise.withResolvers<void>();
  ready.catch(() => {}); // if nobody waits for it, its rejection is not an unhandled one

  client.on('error', (error: Error) => {
    logger?.warn({ err: error }, 'Redis is away');
    if (isRefusedLogin(error)) reject(new WrongRedis(`Redis does not accept the login: ${error.message}`));
  });
  // The checks after a connect are repeated until they work: a server that hangs right after the connect must not block
  // draws until the next reconnect.
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
    hints,
    figures: new RedisFigures(client, keys),
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
      await hints.close();
    },
  };
}

/** Whether Redis refused the login. Its errors begin with a code. */
function isRefusedLogin(error: Error): boolean {
  return error.message.startsWith('WRONGPASS') || error.message.startsWith('NOAUTH');
}
