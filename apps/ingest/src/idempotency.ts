import type { IdempotencyKey } from '@parley/domain';

/**
 * The hashes of an Idempotency-Key and its request; undefined without a key. `what` is everything that makes up the
 * request: the same key with another `what` is a conflict. A user's key is another one than the same text of anybody
 * else: neither a header nor a user's id can have a line end.
 */
export function idempotencyKey(
  key: string | undefined,
  what: readonly unknown[],
  user?: string,
): IdempotencyKey | undefined {
  if (key === undefined) return undefined;
  return { hash: sha256(user === undefined ? key : `user\n${user}\n${key}`), body: sha256(JSON.stringify(what)) };
}

function sha256(text: string): string {
  return new Bun.CryptoHasher('sha256').update(text).digest('hex');
}
