/**
 * The ways in which the system refuses something. Each carries a text that may be shown to a client (`message`) and,
 * where there is one, the inner `cause`, which may not. libs/http turns them into answers in one place.
 */
export abstract class DomainError extends Error {
  abstract override readonly name: string;
}

/** The thing that a path names does not exist. `what` is shown to the client. */
export class NotFound extends DomainError {
  override readonly name = 'NotFound';
  constructor(readonly what: 'application' | 'chat' | 'message') {
    super(`There is no such ${what}.`);
  }
}

/** The same idempotency key came with another body. */
export class IdempotencyConflict extends DomainError {
  override readonly name = 'IdempotencyConflict';
  constructor() {
    super('This Idempotency-Key was already used with another request.');
  }
}

/** Which part outside a program is away. `requests` means the program itself has too much waiting. */
export type Dependency = 'numbers' | 'event log' | 'store' | 'search index' | 'requests';

/**
 * A dependency is away, too slow, or full. The request may be repeated after `retryAfterSeconds`; whether its effect
 * took place is not known unless an idempotency key tells.
 */
export class Unavailable extends DomainError {
  override readonly name = 'Unavailable';
  constructor(
    readonly dependency: Dependency,
    detail: string,
    options: { cause?: unknown; retryAfterSeconds?: number } = {},
  ) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.retryAfterSeconds = options.retryAfterSeconds ?? 1;
  }
  readonly retryAfterSeconds: number;
}

/** The store will never take this event (a collision, an unknown owner, a value it rejects). It was not stored. */
export class EventRejected extends DomainError {
  override readonly name = 'EventRejected';
  constructor(readonly reason: RejectionReason) {
    super('The event was rejected by the store.');
  }
}

/**
 * Why an event cannot be stored.
 * - `collision`: its number is taken by another event: a bug within an epoch.
 * - `unknown-owner`: its application or chat is not stored.
 * - `late`: it belongs to an epoch that has ended; it was never acknowledged.
 * - `rejected`: the database refuses its values.
 * - `malformed`: it is not an event at all.
 */
export const REJECTION_REASONS = ['collision', 'unknown-owner', 'late', 'rejected', 'malformed'] as const;
export type RejectionReason = (typeof REJECTION_REASONS)[number];
