import type { Clock } from '../clock.ts';

/**
 * The usual prefetch. Large, because envelopes of single creates are small, and each costs less in a larger batch. It
 * is twice what a batch takes: the next batch is delivered while one is stored.
 */
export const PREFETCH = 128;
/** The prefetch while envelopes are large: those of all partitions together must not fill the memory. */
export const PREFETCH_LARGE = 2;
/** How many milliseconds the prefetch stays small after large envelopes came, or after a batch threw an exception. */
export const FEW_FOR_MS = 60_000;

/**
 * The prefetch of the next subscription. A process begins with 1. It gets more after its first commit, or after it has
 * run for a while. A lost consumer brings all its unacked deliveries nearer to their delivery limit, beyond which they
 * are dead letters. With prefetch 1 that happens only to the batch that crashes the process.
 */
export class Prefetch {
  readonly #clock: Pick<Clock, 'monotonic'>;
  #allowed = 1;
  #fewUntil = Number.NEGATIVE_INFINITY;

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  get allowed(): number {
    return this.#allowed;
  }

  /**
   * Called when the process has run for a while without a crash. Raises a prefetch of 1, and returns whether it did.
   */
  trust(): boolean {
    if (this.#allowed !== 1) return false;
    this.#allowed = PREFETCH;
    return true;
  }

  /** Lowers the prefetch from the next subscription on, for FEW_FOR_MS. */
  takeFew(prefetch: number): void {
    this.#allowed = prefetch;
    this.#fewUntil = this.#clock.monotonic() + FEW_FOR_MS;
  }

  /** Lets the next commit raise the prefetch: all redeliveries must be delivered at once. */
  needAll(): void {
    this.#fewUntil = Number.NEGATIVE_INFINITY;
  }

  committed(): void {
    if (this.#clock.monotonic() >= this.#fewUntil) this.#allowed = PREFETCH;
  }

  /** Called when a connection was lost before a commit. Back to 1: such losses must not use up the delivery limits. */
  lostUncommitted(): void {
    this.#allowed = 1;
  }
}
