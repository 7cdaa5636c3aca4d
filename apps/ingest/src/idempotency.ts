import {
  APPLICATION_IDEMPOTENCY_KEY_CHARACTERS_MIN,
  IDEMPOTENCY_KEY_CHARACTERS_MAX,
  type IdempotencyKey,
} from '@parley/domain';
import { RequestProblem } from '@parley/http';

/**
 * The request's Idempotency-Key as the system keeps it, or undefined where there is none. `what` is everything that
 * makes the request: the same key with another `what` is a conflict. Throws 422 for a key of a wrong length.
 */
export function idempotencyKey(
  request: Request,
  what: readonly unknown[],
  isApplication = false,
): IdempotencyKey | undefined {
  const key = request.headers.get('idempotency-key');
  if (key === null) return undefined;
  const least = isApplication ? APPLICATION_IDEMPOTENCY_KEY_CHARACTERS_MIN : 1;
  if (key.length < least || key.length > IDEMPOTENCY_KEY_CHARACTERS_MAX) {
    const message = `must have ${least} to ${IDEMPOTENCY_KEY_CHARACTERS_MAX} characters`;
    throw new RequestProblem(422, `The Idempotency-Key ${message} here.`, [{ path: 'Idempotency-Key', message }]);
  }
  return { hash: sha256(key), body: sha256(JSON.stringify(what)) };
}

function sha256(text: string): string {
  return new Bun.CryptoHasher('sha256').update(text).digest('hex');
}
