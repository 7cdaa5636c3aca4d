import type { Event, Rejection, StoreEvents, Token } from '@parley/domain';

/** A test's consumer: it records the events that it gets, and holds, fails or rejects them on demand. */
export class Recorder {
  /** All batches that the consumer got, in order, failed ones too. */
  readonly taken: (readonly Event[])[] = [];
  /** The highest number of batches handled at the same time. */
  atOnceMax = 0;
  #atOnce = 0;
  readonly #stored: Event[] = [];
  #gate: Promise<void> = Promise.resolve();
  #failures: Error[] = [];
  readonly #rejected = new Set<string>();

  readonly handle: StoreEvents = async (events) => {
    this.#atOnce += 1;
    this.atOnceMax = Math.max(this.atOnceMax, this.#atOnce);
    this.taken.push(events);
    try {
      await this.#gate;
      const failure = this.#failures.shift();
      if (failure !== undefined) throw failure;
      return this.#decide(events);
    } finally {
      this.#atOnce -= 1;
    }
  };

  /** Makes the consumer hold every batch until the returned function is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gate = promise;
    return resolve;
  }

  /** Makes the consumer fail the next batches, one with each error. */
  fail(...errors: Error[]): void {
    this.#failures.push(...errors);
  }

  /** Makes the consumer reject an event, each time that it comes. */
  reject(event: Event): void {
    this.#rejected.add(event.id);
  }

  hasTaken({ id }: Event): boolean {
    return this.taken.some((events) => events.some((event) => event.id === id));
  }

  hasStored({ id }: Event): boolean {
    return this.#stored.some((event) => event.id === id);
  }

  /** The events of an application that were not rejected, in order. Like a store, this leaves out repetitions. */
  stored(token: Token): Event[] {
    const byId = new Map<string, Event>();
    for (const event of this.#stored) if (event.token === token && !byId.has(event.id)) byId.set(event.id, event);
    return [...byId.values()];
  }

  #decide(events: readonly Event[]): Rejection[] {
    const rejections: Rejection[] = [];
    for (const event of events) {
      if (this.#rejected.has(event.id)) rejections.push({ event, reason: 'collision', detail: 'as the test wants it' });
      else this.#stored.push(event);
    }
    return rejections;
  }
}
