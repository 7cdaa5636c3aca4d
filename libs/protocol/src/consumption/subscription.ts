import type { CheckEvent } from '@parley/domain';
import { BATCH_BYTES_MAX, type Batch, takeBatch } from './batch.ts';
import { isPressing, type Message } from './message.ts';
import { ReturnedDeliveries } from './returned.ts';

/** What one subscription has brought. It can be acknowledged on the channel of this subscription only. */
export class Subscription<M extends Message, Handle> {
  readonly returned = new ReturnedDeliveries<M>();
  /** Whether a mark was sent, whose delivery will tell that all returned ones have come. */
  marked = false;
  /** Whether any of it was acknowledged. */
  committed = false;
  /** Whether to leave the partition to whoever waits for it, after the next commit. */
  leaving = false;
  readonly #waiting: M[] = [];
  #waitingBytes = 0;
  /** Whether one of those that wait is not to wait long. */
  #pressing = false;
  #alive = true;
  #active = false;

  /**
   * `handle`: what its channel is known by to whoever made it. `prefetch`: how many deliveries it gets at most before it
   * acknowledges one.
   */
  constructor(
    readonly handle: Handle,
    readonly prefetch: number,
  ) {}

  get alive(): boolean {
    return this.#alive;
  }

  /** Whether it has got anything: of all that wait for a partition only one does. */
  get active(): boolean {
    return this.#active;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Whether waiting gains nothing: hardly more comes before some is acknowledged, or somebody waits. */
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

  /** What it has goes back with the end of its channel, to its place in the queue. */
  end(): void {
    this.#alive = false;
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
  }
}
