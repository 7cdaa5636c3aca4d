import type { MessageRate } from '@parley/domain';

/** The limits of one request's application: made only if it has any. */
export interface Quota {
  /** For the draw of messages; undefined if their number is not limited. */
  readonly rate: MessageRate | undefined;
  /** Notes for the answer's headers how many more messages would fit now. */
  noteMessages(remaining: number): void;
  /** Notes that a draw of a single message was answered `limited`. */
  noteLimited(retryAfterMs: number): void;
  /**
   * For how many milliseconds a single message is certainly beyond the limit; 0: it may fit. For creates without an
   * Idempotency-Key: a repetition costs nothing, so it is always drawn.
   */
  limitedForMs(): number;
}
