import type { IdempotencyKey } from '@parley/domain';

/**
 * The hashes of an Idempotency-Key and its request; undefined without a key. `what` is everything that makes up the
 * request: the same key with another `what` is a conflict.
 */
export function idempotencyKey(key: string | undefined, what: readonly unknown[]): IdempotencyKey | undefined {
  return key === undefined ? undefined : { hash: sha256(key), body: sha256(JSON.stringify(what)) };
}

function sha256(text: string): string {
  return new Bun.CryptoHasher('sha256').update(text).digest('hex');
}
