import type { RejectionReason, Unavailable } from './errors.ts';
import type { Event } from './events.ts';
import type { Token } from './identifiers.ts';

/**
 * PORT. Carries accepted events to the store, durably.
 *
 * Order: events that one process publishes for one application are delivered in the order of `publish`.
 * At least once: after a fault an event may be delivered again. The store recognises it by its id.
 */
export interface EventLog {
  /**
   * Why nothing can be published for this application now (log blocked, full, or just refused); undefined if it can.
   * Call it before drawing a number, so that no number is wasted on a publish that would be refused.
   */
  refusal(token: Token): Unavailable | undefined;
  /**
   * Publishes an event, and tells `taker` once, within ACKNOWLEDGE_WITHIN_MS. Concurrent calls share a round trip.
   */
  publish(event: Event, taker: PublishTaker): void;
  /**
   * Resolves once all events of the application's partition that were durable before the call are stored. The result is
   * `seq`, the partition's number of changes by then: the caller must not use a read of an older state.
   * Concurrent calls for a partition share one fence. Rejects with Unavailable after `timeoutMs` milliseconds.
   */
  fence(token: Token, timeoutMs: number): Promise<number>;
}

/** Who learns what became of an event. One object for each create, instead of a promise. Its methods must not throw. */
export interface PublishTaker {
  /** The event is durable: it will be stored, whatever crashes. */
  published(): void;
  /** Unavailable: it is not known whether the event will be stored. EventRejected: it can never be stored. */
  publishFailed(error: Error): void;
}

/** PORT. The reading end of the event log: takes events in order and gives them to the store in batches. */
export interface EventSource {
  /**
   * Starts handing batches to `store`, one batch at a time for a partition. Resolves when the source is subscribed. The
   * log deletes a batch only after `store` has resolved and the events that it rejects are kept as dead letters. (A log
   * in the process that creates keeps none: it refuses the create.) If `store` rejects, the same batch comes again, in
   * the same order. If a caller waits for a fence, all events before it are stored first. Then `fence` is called until
   * it resolves, and the caller gets the result.
   */
  consume(store: StoreEvents, fence?: PassFence): Promise<void>;
  /** Stops taking batches and waits for the batch that is being stored. The log keeps the rest. */
  stop(): Promise<void>;
}

/**
 * Stores a batch of events of one partition in order. Resolves with the events that can never be stored. Rejects if it
 * is not known which events are stored.
 */
export type StoreEvents = (events: readonly Event[], partition: number) => Promise<readonly Rejection[]>;

/**
 * Makes a commit of its own in a partition and returns `seq`, the partition's number of changes. `epoch` is 0, or the
 * epoch of the numbers that begins: once resolved, no event of an older epoch can be stored there any more. Idempotent.
 */
export type PassFence = (partition: number, epoch: number) => Promise<number>;

export interface Rejection {
  readonly event: Event;
  readonly reason: RejectionReason;
  /** Why the event is rejected, for the operator, not for clients. */
  readonly detail: string;
}
