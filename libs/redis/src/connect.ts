import { backoffMs } from '@parley/runtime';
import { Cluster, type CommonRedisOptions, Redis } from 'ioredis';
import { defineScripts } from './scripts.ts';

/** Where Redis is: one server, a master that Sentinels name, or a Cluster. */
export type RedisServers =
  | { readonly url: string }
  | { readonly sentinels: readonly Address[]; readonly master: string; readonly login?: Login }
  | { readonly cluster: readonly Address[]; readonly login?: Login };

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Login {
  readonly username?: string;
  readonly password?: string;
}

const COMMAND_TIMEOUT_MS = 500;
const CONNECT_TIMEOUT_MS = 2_000;
/** A connection that has not answered anything for so long is given up: its other end may be gone without a word. */
const SILENT_MS = 2_000;
const RECONNECT = { firstMs: 50, maxMs: 1_000 };

/**
 * The defaults of the client would let a command wait for more than a minute and send it again after a reconnect. Here
 * a command fails at once where there is no connection, after half a second at the latest, and is never sent again.
 */
const OPTIONS = {
  commandTimeout: COMMAND_TIMEOUT_MS,
  connectTimeout: CONNECT_TIMEOUT_MS,
  socketTimeout: SILENT_MS,
  maxRetriesPerRequest: 1,
  autoResendUnfulfilledCommands: false,
} satisfies CommonRedisOptions & { connectTimeout: number; socketTimeout: number; maxRetriesPerRequest: number };

/** A client with our scripts. It connects in the background and again whenever it has to. */
export function connectRedis(servers: RedisServers): Redis | Cluster {
  const client = clientOf(servers);
  defineScripts(client);
  return client;
}

function clientOf(servers: RedisServers): Redis | Cluster {
  const options = { ...OPTIONS, enableOfflineQueue: false, retryStrategy: reconnectDelayMs };
  if ('url' in servers) return new Redis(servers.url, options);
  if ('sentinels' in servers) {
    return new Redis({
      ...options,
      ...servers.login,
      sentinels: [...servers.sentinels],
      name: servers.master,
      sentinelRetryStrategy: reconnectDelayMs,
      // A master that was demoted answers READONLY: look for the new one.
      reconnectOnError: (error) => error.message.startsWith('READONLY'),
    });
  }
  return new Cluster([...servers.cluster], {
    redisOptions: { ...OPTIONS, ...servers.login },
    enableOfflineQueue: false,
    clusterRetryStrategy: reconnectDelayMs,
    maxRedirections: 4,
    slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
  });
}

/** The client counts its attempts from 1. */
function reconnectDelayMs(attempt: number): number {
  return Math.round(backoffMs(attempt - 1, RECONNECT));
}
