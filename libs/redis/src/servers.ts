import type { RedisServers } from './connect.ts';

/**
 * Reads the address of Redis from one URL: `redis://host:port` or `rediss://…`; `redis+sentinel://host:port,…/master`;
 * `redis+cluster://host:port,…`. User and password are before the first host. Throws RangeError for anything else.
 */
export function redisServers(url: string): RedisServers {
  if (/^rediss?:\/\//.test(url)) return { url };
  const parts = /^redis\+(sentinel|cluster):\/\/(?:([^:@/]*):([^@/]*)@)?([^/]+)(?:\/(.+))?$/.exec(url);
  if (parts === null) {
    throw new RangeError('REDIS_URL must begin with redis://, rediss://, redis+sentinel:// or redis+cluster://');
  }
  const [, kind, username, password, hosts = '', master = 'mymaster'] = parts;
  const addresses = hosts.split(',').map((host) => {
    const { hostname, port } = new URL(`redis://${host}`);
    return { host: hostname, port: Number(port || 6379) };
  });
  const login = { ...(username && { username }), ...(password && { password }) };
  return kind === 'sentinel' ? { sentinels: addresses, master, login } : { cluster: addresses, login };
}
