import { backoffMs } from '@parley/runtime';
import { Cluster, type CommonRedisOptions, Redis } from 'ioredis';
import { defineScripts } from './scripts.ts';

/** The address of Redis: one server, Sentinels that know the master, or a Cluster. */
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
/** A connection is closed after this time without any reply: the other end may have died without closing it. */
const SILENT_MS = 2_000;
const RECONNECT = { firstMs: 50, maxMs: 1_000 };

/**
 * With the client's defaults a command may wait for more than a minute, and it is sent again after a reconnect. With
 * these options it fails at once if there is no connection, and after 500 ms at the latest. It is never sent twice.
 */
const OPTIONS = {
  commandTimeout: COMMAND_TIMEOUT_MS,
  connectTimeout: CONNECT_TIMEOUT_MS,
  socketTimeout: SILENT_MS,
  maxRetriesPerRequest: 1,
  autoResendUnfulfilledCommands: false,
} satisfies CommonRedisOptions & { connectTimeout: number; socketTimeout: number; maxRetriesPerRequest: number };

/**
 * Returns a client with our Lua scripts as commands. It connects in the background, and reconnects after every loss.
 */
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
      // A master that was demoted replies READONLY: ask the Sentinels for the new one.
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

/**
 * Returns one connection, for listening. It waits for `connect()`, and does not reconnect. In a cluster it leads to
 * another server at each attempt: every server has all messages.
 */
export function connectOnce(servers: RedisServers, attempt: number): Redis {
  const never = () => null;
  const options = { ...OPTIONS, enableOfflineQueue: false, lazyConnect: true, retryStrategy: never };
  if ('url' in servers) return new Redis(servers.url, options);
  const login = servers.login ?? {};
  if ('cluster' in servers) {
    return new Redis({ ...options, ...login, ...servers.cluster[attempt % servers.cluster.length] });
  }
  const sentinels = [...servers.sentinels];
  return new Redis({ ...options, ...login, sentinels, name: servers.master, sentinelRetryStrategy: never });
}

/** Milliseconds before a reconnect. The client counts its attempts from 1. */
function reconnectDelayMs(attempt: number): number {
  return Math.round(backoffMs(attempt - 1, RECONNECT));
}
