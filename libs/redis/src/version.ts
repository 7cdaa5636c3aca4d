import { type Cluster, Redis } from 'ioredis';

/** The scripts ask INFO for several sections in one call, which came with Redis 7. */
const REDIS_MAJOR_MIN = 7;

/** Throws WrongRedis if a server is too old. */
export async function checkVersions(client: Redis | Cluster): Promise<void> {
  for (const node of nodesOf(client)) {
    const version = /redis_version:(\S+)/.exec(await node.info('server'))?.[1] ?? 'unknown';
    if (Number.parseInt(version, 10) >= REDIS_MAJOR_MIN) continue;
    throw new WrongRedis(`Redis ${version} is too old: version ${REDIS_MAJOR_MIN} or later is needed.`);
  }
}

export async function pingAll(client: Redis | Cluster): Promise<void> {
  await Promise.all(nodesOf(client).map((node) => node.ping()));
}

/** Redis is reachable but cannot be used. Waiting does not help. */
export class WrongRedis extends Error {
  override readonly name = 'WrongRedis';
}

function nodesOf(client: Redis | Cluster): Redis[] {
  return client instanceof Redis ? [client] : client.nodes('master');
}
