import type { Clock } from '../clock.ts';

/**
 * Many, because those of single creates are small, and the more are stored together, the less each costs. Twice as many
 * as a batch takes: the next batch is here while one is stored.
 */
export const PREFETCH = 128;
/** While envelopes are large: what waits in all partitions must not fill the memory. */
export const PREFETCH_LARGE = 2;
/** It stays with few at once for this long after large ones came, or after a batch ended in an exception. */
export const FEW_FOR_MS = 60_000;

/**
 * How many deliveries a subscription may have unacknowledged. A process begins with one and gets more only after its first
 * commit, or after it has waited for a while: losing a consumer counts as a delivery of all that it had, so a batch that
 * ends the process uses up only its own delivery limit.
 */
export class Prefetch {
  readonly #clock: Pick<Clock, 'monotonic'>;
  #allowed = 1;
  #fewUntil = Number.NEGATIVE_INFINITY;

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** For the next subscription. */
  get allowed(): number {
    return this.#allowed;
  }

  /** The process has lived for a while. Answers whether that allows more. */
  trust(): boolean {
    if (this.#allowed !== 1) return false;
    this.#allowed = PREFETCH;
    return true;
  }

  /** From the next subscription on, for a minute. */
  takeFew(prefetch: number): void {
    this.#allowed = prefetch;
    this.#fewUntil = this.#clock.monotonic() + FEW_FOR_MS;
  }

  /** With the next commit, many at once: what was returned is needed as a whole. */
  needAll(): void {
    this.#fewUntil = Number.NEGATIVE_INFINITY;
  }

  committed(): void {
    if (this.#clock.monotonic() >= this.#fewUntil) this.#allowed = PREFETCH;
  }

  /** What cannot be committed now must not be worn out by lost connections. */
  lostUncommitted(): void {
    this.#allowed = 1;
  }
}
