import type { Event, Rejection } from '@parley/domain';
import type { Delivery, Message } from './message.ts';
import type { Steps } from './steps.ts';

/** What is decided: these deliveries may be acknowledged once these events are safe among the dead letters. */
export interface Decided<M extends Message> {
  readonly deliveries: readonly Delivery<M>[];
  readonly rejections: readonly Rejection[];
}

/**
 * The deliveries of a subscription that an earlier consumer had and lost. They come before all others, but where two
 * consumers were lost in a row not in their order: what the second had goes behind the rest of what the first had
 * (RabbitMQ issue 10499). So an event whose owner is not stored is not rejected, and a fence not answered, before all of
 * them have come: until then they wait here, unacknowledged.
 */
export class ReturnedDeliveries<M extends Message> {
  #waiting: readonly Delivery<M>[] = [];
  #ownerless: readonly Rejection[] = [];

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Stores what has come and, as long as that helps, what waits for it. Undefined where `store` was given up. */
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

  /** All have come: what still has no owner never will. The fences may be answered now. */
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

/** What of these deliveries is still to be stored. */
function withOnly<M extends Message>(deliveries: readonly Delivery<M>[], ids: ReadonlySet<string>): Delivery<M>[] {
  return deliveries.map((delivery) => ({ ...delivery, events: delivery.events.filter(({ id }) => ids.has(id)) }));
}
