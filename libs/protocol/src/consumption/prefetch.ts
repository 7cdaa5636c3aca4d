import type { Clock } from '../clock.ts';

/**
 * The usual prefetch. Large, because envelopes of single creates are small, and each costs less in a larger batch.
 * Twice what a batch takes: the next batch is here while one is stored.
 */
export const PREFETCH = 128;
/** The prefetch while envelopes are large: they must not fill the memory, in all partitions together. */
export const PREFETCH_LARGE = 2;
/** How long the prefetch stays small after large envelopes came, or after a batch threw an exception. */
export const FEW_FOR_MS = 60_000;

/**
 * The prefetch of the next subscription. A process begins with 1. It gets more after its first commit, or after it has
 * waited for a while. A lost consumer costs all its unacked deliveries one of their delivery limit: with 1, a batch
 * that crashes the process uses up only its own.
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

  /** The process counts as healthy. Returns whether that raised the prefetch. */
  trust(): boolean {
    if (this.#allowed !== 1) return false;
    this.#allowed = PREFETCH;
    return true;
  }

  /** Lowers the prefetch from the next subscription on, for a minute. */
  takeFew(prefetch: number): void {
    this.#allowed = prefetch;
    this.#fewUntil = this.#clock.monotonic() + FEW_FOR_MS;
  }

  /** Raises the prefetch with the next commit: all redeliveries must be here at once. */
  needAll(): void {
    this.#fewUntil = Number.NEGATIVE_INFINITY;
  }

  committed(): void {
    if (this.#clock.monotonic() >= this.#fewUntil) this.#allowed = PREFETCH;
  }

  /** Back to 1: lost connections must not use up the delivery limits while nothing can be committed. */
  lostUncommitted(): void {
    this.#allowed = 1;
  }
}
