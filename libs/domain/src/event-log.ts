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
   * Resolves once everything that was durable in the application's partition before the call is stored, with the `seq`
   * of the partition up to which that holds: a read that shows an older state than this is not to be used.
   * Concurrent calls for a partition share one. Rejects with Unavailable after `timeoutMs` milliseconds.
   */
  fence(token: Token, timeoutMs: number): Promise<number>;
}

/** PORT. The other end: takes events from the log in order and gives each to the store exactly when it is due. */
export interface EventSource {
  /**
   * Starts handing batches to `store`. Resolves when the source is subscribed. One batch at a time for a partition.
   * A batch is forgotten by the log only after `store` has resolved and what it rejected is kept as a dead letter (or,
   * where the log itself answers the creator, refused). If `store` rejects, the batch is handed on again, unchanged
   * in order. `fence` is called where somebody waits for a fence, after all before it is stored, until it resolves; then
   * the fence is answered.
   */
  consume(store: StoreEvents, fence?: PassFence): Promise<void>;
  /** Stops taking batches, waits for the one in the hand, keeps the rest in the log. */
  stop(): Promise<void>;
}

/**
 * Stores a batch of events of one partition in order, and answers those that never can be stored. Rejects where nothing
 * was decided.
 */
export type StoreEvents = (events: readonly Event[], partition: number) => Promise<readonly Rejection[]>;

/**
 * Answers the `seq` of a partition, from a commit of its own. `epoch` is 0, or one that begins: once resolved, no event
 * of an older one is stored in that partition any more, by anyone. Idempotent.
 */
export type PassFence = (partition: number, epoch: number) => Promise<number>;

export interface Rejection {
  readonly event: Event;
  readonly reason: RejectionReason;
  /** For the operator, not for clients. */
  readonly detail: string;
}
