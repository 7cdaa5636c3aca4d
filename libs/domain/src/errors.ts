/**
 * An error by which the system refuses a request. A client may see `message`. It must not see `cause`, the inner error,
 * if there is one. libs/http turns these errors into HTTP answers in one place.
 */
export abstract class DomainError extends Error {
  abstract override readonly name: string;
}

/** The thing that a path names does not exist. A client sees `what`: application, chat, message or key. */
export class NotFound extends DomainError {
  override readonly name = 'NotFound';
  constructor(readonly what: 'application' | 'chat' | 'message' | 'key') {
    super(`There is no such ${what}.`);
  }
}

/** What a path names was deleted, or removed because it was too old. */
export class Gone extends DomainError {
  override readonly name = 'Gone';
  constructor(readonly what: 'application' | 'chat' | 'message') {
    super(`This ${what} was deleted.`);
  }
}

/** A conditional change names another version than the present one. Nothing was changed. */
export class VersionConflict extends DomainError {
  override readonly name = 'VersionConflict';
  constructor() {
    super('It was changed meanwhile: read it again.');
  }
}

/** A change names another sender than the message has. Nothing was changed. */
export class SenderFixed extends DomainError {
  override readonly name = 'SenderFixed';
  constructor() {
    super('The sender of a message never changes.');
  }
}

/** A read mark is above the chat's last message. */
export class BeyondLastMessage extends DomainError {
  override readonly name = 'BeyondLastMessage';
  constructor() {
    super('The chat has no message of this number yet.');
  }
}

/** The request has no credential, or none that is valid. `detail` never has a part of the credential. */
export class Unauthenticated extends DomainError {
  override readonly name = 'Unauthenticated';
  constructor(
    detail: string,
    /** Whether a credential was given. */
    readonly given: boolean,
  ) {
    super(detail);
  }
}

/** The credential lacks a right. What the path names may exist. */
export class Forbidden extends DomainError {
  override readonly name = 'Forbidden';
}

/** A user may change and delete only own messages. Nothing was changed. */
export class NotYours extends DomainError {
  override readonly name = 'NotYours';
  constructor() {
    super('This message is of another sender.');
  }
}

/** An application has as many keys as it may have, or has made as many as it may make in a day. */
export class TooManyKeys extends DomainError {
  override readonly name = 'TooManyKeys';
  constructor() {
    super('There are too many keys: 100 at a time, and 1,000 made in a day, are the most.');
  }
}

/** A limit of the application is reached. Nothing was created. It may be repeated after `retryAfterMs`. */
export class LimitReached extends DomainError {
  override readonly name = 'LimitReached';
  constructor(
    readonly limit: 'messagesPerSecond' | 'requestsPerSecond' | 'createsInFlight' | 'liveConnections',
    readonly retryAfterMs: number,
  ) {
    super('A limit of the application is reached: wait as long as Retry-After says.');
  }
}

/** The idempotency key was used before with another body. */
export class IdempotencyConflict extends DomainError {
  override readonly name = 'IdempotencyConflict';
  constructor() {
    super('This Idempotency-Key was already used with another request.');
  }
}

/** The dependency that is unavailable. `requests` means that too many requests wait in this program itself. */
export type Dependency = 'numbers' | 'event log' | 'store' | 'search index' | 'requests';

/**
 * A dependency is unreachable, too slow, or full. The request may be repeated after `retryAfterSeconds`. It may have
 * taken effect: only an idempotency key makes a repetition safe.
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

/**
 * The store can never store this event (its number is taken, its application or chat is unknown, or a value is
 * invalid).
 */
export class EventRejected extends DomainError {
  override readonly name = 'EventRejected';
  constructor(readonly reason: RejectionReason) {
    super('The event was rejected by the store.');
  }
}

/**
 * Why an event cannot be stored.
 * - `collision`: another event has its number. Within one epoch of the numbers this is a bug.
 * - `unknown-owner`: its application or chat is not stored.
 * - `late`: a newer epoch has begun since its draw. Its create was never acknowledged.
 * - `rejected`: the database refuses its values.
 * - `malformed`: it is not a valid event.
 */
export const REJECTION_REASONS = ['collision', 'unknown-owner', 'late', 'rejected', 'malformed'] as const;
export type RejectionReason = (typeof REJECTION_REASONS)[number];
