import {
  type Appended,
  type Counters,
  type Event,
  type EventSource,
  type Rejection,
  type Store,
  showLive,
} from '@parley/domain';
import { Distributions, type Logger } from '@parley/runtime';
import { Counter, type Registry } from 'prom-client';

export interface StoreConsumerParts {
  readonly source: EventSource;
  readonly store: Store;
  readonly counters: Counters;
  /** Called for each event that can never be stored, if the event log does not keep them as dead letters. */
  readonly onRejected?: (rejection: Rejection) => void;
  readonly logger: Logger;
  readonly registry: Registry;
}

/**
 * Takes batches of events from the event log and stores each in one transaction. The log deletes a batch once `#store`
 * has resolved, after the commit. In an outage `#store` rejects, and the log delivers the batch again.
 */
export class StoreConsumer {
  readonly #parts: StoreConsumerParts;
  readonly #metrics: ReturnType<typeof storeMetrics>;

  constructor(parts: StoreConsumerParts) {
    this.#parts = parts;
    this.#metrics = storeMetrics(parts.registry);
  }

  start(): Promise<void> {
    const { source, store } = this.#parts;
    return source.consume(
      (events) => this.#store(events),
      (partition, epoch) => store.fence(partition, epoch),
    );
  }

  stop(): Promise<void> {
    return this.#parts.source.stop();
  }

  async #store(events: readonly Event[]): Promise<readonly Rejection[]> {
    const { store, counters, logger } = this.#parts;
    const appended = await store.append(events);
    for (const uncounted of appended.uncounted) await showLive(counters, logger, uncounted);
    this.#measure(events, appended);
    for (const rejection of appended.rejected) this.#parts.onRejected?.(rejection);
    return appended.rejected;
  }

  #measure(events: readonly Event[], { rows, discarded }: Appended): void {
    this.#metrics.rows(rows);
    this.#metrics.discarded.inc(discarded);
    const now = Date.now();
    for (const event of events) this.#metrics.lag(Math.max(0, now - event.at) / 1000);
  }
}

function storeMetrics(registry: Registry) {
  return {
    rows: new Distributions({
      name: 'parley_store_batch_rows',
      help: 'Rows committed in one transaction',
      buckets: [1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000],
      registry,
    }).series({}),
    lag: new Distributions({
      name: 'parley_store_lag_seconds',
      help: 'From the draw of an event’s number to its commit, in seconds',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300],
      registry,
    }).series({}),
    discarded: new Counter({
      name: 'parley_discarded_events_total',
      help: 'Accepted creates that were not stored because what they belong to was deleted meanwhile',
      registers: [registry],
    }),
  };
}
