import {
  type Event,
  type EventLog,
  type PublishTaker,
  partitionOf,
  type Token,
  type Unavailable,
} from '@parley/domain';
import type { Outbox } from './outbox.ts';
import { PartitionFences } from './partition-fences.ts';
import { PartitionPublisher } from './partition-publisher.ts';
import type { RabbitmqStats } from './stats.ts';
import type { Topology } from './topology.ts';

const TICK_MS = 50;

export interface RabbitLogOptions {
  readonly outbox: Outbox;
  readonly topology: Topology;
  /** How many envelopes (messages with events) of a partition may be unconfirmed at once. */
  readonly window: number;
  readonly stats: RabbitmqStats;
}

/** The publishing end of the event log. */
export class RabbitLog implements EventLog {
  readonly #publishers: readonly PartitionPublisher[];
  readonly #fences: readonly PartitionFences[];
  readonly #partitions: number;
  readonly #ticking: Timer;

  constructor({ outbox, topology, window, stats }: RabbitLogOptions) {
    this.#partitions = topology.options.partitions;
    const partitions = Array.from({ length: this.#partitions }, (_, partition) => ({
      outbox,
      partition,
      queue: topology.queue(partition),
      window,
      stats,
    }));
    this.#publishers = partitions.map((options) => new PartitionPublisher(options));
    this.#fences = partitions.map((options) => new PartitionFences(options));
    outbox.onReply = (id, seq) => this.#fences[Number.parseInt(id, 10)]?.replied(id, seq);
    outbox.onLost = () => this.#lost();
    outbox.onOpen = () => this.#opened();
    this.#ticking = setInterval(() => this.#tick(), TICK_MS);
    this.#ticking.unref();
  }

  refusal(token: Token): Unavailable | undefined {
    return this.#of(this.#publishers, token).refusal();
  }

  /** Returns how many partitions refuse events right now. */
  closedPartitions(): number {
    return this.#publishers.filter((publisher) => publisher.refusal() !== undefined).length;
  }

  publish(event: Event, taker: PublishTaker): void {
    this.#of(this.#publishers, event.token).publish(event, taker);
  }

  fence(token: Token, timeoutMs: number): Promise<number> {
    return this.#of(this.#fences, token).wait(timeoutMs);
  }

  /**
   * Begins an epoch; a new one is needed when Redis has lost counters. Resolves once everything that was durable in the
   * partition before the call is stored. From then on no event of an older epoch is stored. Rejects with Unavailable if
   * there is no connection, or after `timeoutMs` milliseconds; the epoch may still begin later.
   */
  async beginEpoch(partition: number, epoch: number, timeoutMs: number): Promise<void> {
    const fences = this.#fences[partition];
    if (fences === undefined) throw new RangeError(`there is no partition ${partition}`);
    await fences.wait(timeoutMs, epoch);
  }

  close(): void {
    clearInterval(this.#ticking);
    this.#lost();
  }

  #of<T>(partitions: readonly T[], token: Token): T {
    const found = partitions[partitionOf(token, this.#partitions)];
    if (found === undefined) throw new RangeError('not a token');
    return found;
  }

  /** Rejects events not confirmed in time, sends lost fences again, publishes what waited while RabbitMQ blocked us. */
  #tick(): void {
    const now = performance.now();
    for (const publisher of this.#publishers) publisher.expire(now);
    for (const fences of this.#fences) fences.expire(now);
    for (const publisher of this.#publishers) publisher.flush();
  }

  #opened(): void {
    for (const publisher of this.#publishers) publisher.opened();
  }

  #lost(): void {
    for (const publisher of this.#publishers) publisher.lost();
    for (const fences of this.#fences) fences.lost();
  }
}
