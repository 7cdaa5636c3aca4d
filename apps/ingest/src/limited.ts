import { LimitReached } from '@parley/domain';
import type { Quota } from '@parley/http';

/**
 * Throws LimitReached if a single message is certainly beyond its application's limit: then Redis need not be asked. A
 * create with an idempotency key is always drawn, because it may be a repetition, which costs nothing.
 */
export function refuseEarly(quota: Quota | undefined, isKeyed: boolean): void {
  if (quota === undefined || isKeyed) return;
  const waitMs = quota.limitedForMs();
  if (waitMs > 0) throw new LimitReached('messagesPerSecond', waitMs);
}

/** The answer of a create of a single message. Notes if its draw was beyond the limit. */
export function notingLimit<Answer>(quota: Quota | undefined, answer: Promise<Answer>): Promise<Answer> {
  if (quota?.rate === undefined) return answer;
  return answer.catch((error: unknown) => {
    if (error instanceof LimitReached) quota.noteLimited(error.retryAfterMs);
    throw error;
  });
}
