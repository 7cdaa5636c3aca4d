import type { Event, Rejection } from '@parley/domain';
import type { Delivery, Message } from './message.ts';
import type { Steps } from './steps.ts';

/** Finished deliveries. They may be acknowledged once the events of `rejections` are confirmed as dead letters. */
export interface Decided<M extends Message> {
  readonly deliveries: readonly Delivery<M>[];
  readonly rejections: readonly Rejection[];
}

/**
 * The redeliveries of a subscription. They come before all fresh deliveries. After two lost consumers they are out of
 * order: what the second one had comes after the rest of what the first one had (RabbitMQ issue 10499). So a chat may
 * come after its messages. Until all redeliveries have come, events whose application or chat is not stored wait here,
 * unacked, and so do fences.
 */
export class ReturnedDeliveries<M extends Message> {
  #waiting: readonly Delivery<M>[] = [];
  #ownerless: readonly Rejection[] = [];

  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Stores the events of these and the waiting deliveries, and repeats that while more get stored. Returns the
   * deliveries that are finished; undefined if `store` was given up.
   */
  *add<Handle>(
    deliveries: readonly Delivery<M>[],
    store: (events: readonly Event[]) => Steps<M, Handle, readonly Rejection[] | undefined>,
  ): Steps<M, Handle, Decided<M> | undefined> {
    const all = [...this.#waiting, ...deliveries];
    const rejections: Rejection[] = [];
    let open = all;
    let events = eventsOf(open);
    for (let before = Number.POSITIVE_INFINITY; events.length > 0 && events.length < before; ) {
      before = events.length;
      const rejected = yield* store(events);
      if (rejected === undefined) return undefined;
      rejections.push(...rejected.filter((rejection) => !isOwnerless(rejection)));
      this.#ownerless = rejected.filter(isOwnerless);
      open = withOnly(open, new Set(this.#ownerless.map(({ event }) => event.id)));
      events = eventsOf(open);
    }
    this.#waiting = open.filter((delivery) => delivery.events.length > 0 || delivery.fence !== undefined);
    if (events.length === 0) this.#ownerless = [];
    const waiting = new Set(this.#waiting.map(({ message }) => message));
    return { deliveries: all.filter(({ message }) => !waiting.has(message)), rejections };
  }

  /**
   * Called when all redeliveries have come: rejects events that still miss their application or chat; fences may be
   * answered.
   */
  finish(): Decided<M> {
    const decided = { deliveries: this.#waiting, rejections: this.#ownerless };
    this.#waiting = [];
    this.#ownerless = [];
    return decided;
  }
}

export function eventsOf(deliveries: readonly Delivery<Message>[]): readonly Event[] {
  return deliveries.flatMap(({ events }) => events);
}

function isOwnerless({ reason }: Rejection): boolean {
  return reason === 'unknown-owner';
}

/** The deliveries, each with only those of its events whose ids are in `ids`. */
function withOnly<M extends Message>(deliveries: readonly Delivery<M>[], ids: ReadonlySet<string>): Delivery<M>[] {
  return deliveries.map((delivery) => ({ ...delivery, events: delivery.events.filter(({ id }) => ids.has(id)) }));
}
