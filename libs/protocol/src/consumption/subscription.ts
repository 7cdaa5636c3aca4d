import type { CheckEvent } from '@parley/domain';
import { BATCH_BYTES_MAX, type Batch, takeBatch } from './batch.ts';
import { isPressing, type Message } from './message.ts';
import { ReturnedDeliveries } from './returned.ts';

/** One subscription to a partition's queue, and its deliveries. They can be acknowledged on its own channel only. */
export class Subscription<M extends Message, Handle> {
  readonly returned = new ReturnedDeliveries<M>();
  /**
   * Whether a mark (a fence without a reply address) was published. When it is delivered, all redeliveries have come.
   */
  marked = false;
  committed = false;
  /** Whether to give the partition to another waiting consumer after the next commit. */
  leaving = false;
  readonly #waiting: M[] = [];
  #waitingBytes = 0;
  /** Whether a fence or a redelivery, which must not wait, is among the waiting messages. */
  #pressing = false;
  #alive = true;
  #active = false;

  /** `handle`: identifies its channel for the caller. `prefetch`: how many of its deliveries may be unacked. */
  constructor(
    readonly handle: Handle,
    readonly prefetch: number,
  ) {}

  get alive(): boolean {
    return this.#alive;
  }

  /** Whether it has had a delivery: RabbitMQ delivers to only one of a partition's consumers. */
  get active(): boolean {
    return this.#active;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /**
   * Ends the wait for more deliveries: half the prefetch, the bytes of a full batch, a fence or a redelivery has come.
   */
  get isUrgent(): boolean {
    return (
      !this.#alive ||
      this.#pressing ||
      this.#waiting.length >= this.prefetch / 2 ||
      this.#waitingBytes >= BATCH_BYTES_MAX
    );
  }

  deliver(message: M): void {
    if (!this.#alive) return;
    this.#active = true;
    this.#waiting.push(message);
    this.#waitingBytes += message.content.length;
    this.#pressing ||= isPressing(message);
  }

  take(partition: number, check: CheckEvent): Batch<M> | undefined {
    const batch = takeBatch(this.#waiting, partition, check);
    if (batch === undefined) return undefined;
    for (const { message } of batch.deliveries) this.#waitingBytes -= message.content.length;
    this.#pressing = this.#waiting.some(isPressing);
    return batch;
  }

  /** Forgets the deliveries: RabbitMQ redelivers them, before fresh messages, when the channel closes. */
  end(): void {
    this.#alive = false;
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
  }
}
