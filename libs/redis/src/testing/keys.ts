import { Redis } from 'ioredis';

/** The Redis server for tests that break nothing. */
export function redisUrl(): string {
  const url = process.env.REDIS_URL;
  if (url === undefined) throw new Error('REDIS_URL must name a Redis server for these tests');
  return url;
}

export async function deleteKeys(prefix: string): Promise<void> {
  const client = new Redis(redisUrl());
  const keys = await client.keys(`${prefix}*`);
  while (keys.length > 0) await client.unlink(...keys.splice(0, 1_000));
  client.disconnect();
}
