import type { Event, Rejection } from '@parley/domain';
import type { Delivery, Message } from './message.ts';
import type { Steps } from './steps.ts';

/** `deliveries` may be acknowledged once the events of `rejections` are confirmed as dead letters. */
export interface Decided<M extends Message> {
  readonly deliveries: readonly Delivery<M>[];
  readonly rejections: readonly Rejection[];
}

/**
 * The redeliveries of a subscription. They come before all fresh deliveries. After two lost consumers they are out of
 * order: what the second one had comes after the rest of what the first one had (RabbitMQ issue 10499). So the owner of
 * an event may come after it. Until all redeliveries have come, events without an owner and fences wait here, unacked.
 */
export class ReturnedDeliveries<M extends Message> {
  #waiting: readonly Delivery<M>[] = [];
  #ownerless: readonly Rejection[] = [];

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Stores these and the waiting ones, and repeats that while more get stored. Undefined if `store` was given up. */
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

  /** All redeliveries have come: events still without an owner are rejected, and fences may be answered. */
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

/** The deliveries with only those of their events that `ids` names. */
function withOnly<M extends Message>(deliveries: readonly Delivery<M>[], ids: ReadonlySet<string>): Delivery<M>[] {
  return deliveries.map((delivery) => ({ ...delivery, events: delivery.events.filter(({ id }) => ids.has(id)) }));
}
