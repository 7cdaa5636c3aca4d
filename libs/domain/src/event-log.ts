import type { RejectionReason, Unavailable } from './errors.ts';
import type { Event } from './events.ts';
import type { Token } from './identifiers.ts';

/**
 * PORT. Carries accepted events to the store, durably.
 *
 * Order: the events of one application that one process publishes are handed on in the order of `publish`.
 * At least once: an event may be handed on again after a fault; the store tells by its id.
 */
export interface EventLog {
  /**
   * Why nothing can be published for this application right now (blocked, full, just refused), or undefined. Asked
   * before a number is drawn, so that none is spent on what would be refused.
   */
  refusal(token: Token): Unavailable | undefined;
  /**
   * Resolves when the event is durable: it will be stored, whatever crashes. Rejects with Unavailable where it is not
   * known to be (it may be stored all the same), with EventRejected where it is known that it never will be.
   * Concurrent calls travel together. Settles within ACKNOWLEDGE_WITHIN_MS.
   */
  publish(event: Event): Promise<void>;
  /**
   * Resolves once everything that was durable in the application's partition before the call is stored.
   * Concurrent calls for a partition share one. Rejects with Unavailable after `timeoutMs` milliseconds.
   */
  fence(token: Token, timeoutMs: number): Promise<void>;
}

/** PORT. The other end: takes events from the log in order and gives each to the store exactly when it is due. */
export interface EventSource {
  /**
   * Starts handing batches to `handle`. Resolves when the source is subscribed. One `handle` at a time for a partition.
   * A batch is forgotten by the log only after `handle` has resolved and what it rejected is kept as a dead letter (or,
   * where the log itself answers the creator, refused). If `handle` rejects, the batch is handed on again, unchanged
   * in order. `beginEpoch` is called where the log says that a partition's epoch begins, after all before it is stored,
   * and until it resolves.
   */
  consume(handle: EventHandler, beginEpoch?: BeginEpoch): Promise<void>;
  /** Stops taking batches, waits for the one in the hand, keeps the rest in the log. */
  stop(): Promise<void>;
}

/**
 * Stores a batch of events of one partition in order, and answers those that never can be stored. Rejects where nothing
 * was decided.
 */
export type EventHandler = (events: readonly Event[], partition: number) => Promise<readonly Rejection[]>;

/** Once resolved, no event of an older epoch is stored in that partition any more, by anyone. Idempotent. */
export type BeginEpoch = (partition: number, epoch: number) => Promise<void>;

export interface Rejection {
  readonly event: Event;
  readonly reason: RejectionReason;
  /** For the operator, not for clients. */
  readonly detail: string;
}
