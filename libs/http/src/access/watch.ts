/**
 * Asks the store every few seconds, and after each hint, for what every process must know, and says whether what the
 * process remembers can still be trusted. It can be while the last answer is at most TRUST_MS old. It can be for longer
 * while no hint can have been lost since then: so a long outage of the database locks nobody out.
 */
import type { AccessHints, AccessState, KeyStore } from '@parley/domain';
import { type Logger, within } from '@parley/runtime';
import type { Clock } from './clock.ts';

export const LOOK_PERIOD_MS = 5_000;
export const TRUST_MS = 10 * 60 * 1_000;
/** How long an unbroken connection for hints counts after it was checked. */
const HINTS_TRUST_MS = 2 * LOOK_PERIOD_MS;

export interface WatchParts {
  readonly keys: Pick<KeyStore, 'accessSince'>;
  readonly hints: Pick<AccessHints, 'unbrokenSince'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly take: (state: AccessState) => void;
}

export class Watch {
  /** `at` of the last answer. */
  #since: number | undefined;
  /** When the last look that succeeded began, by the clock's `elapsed`. */
  #lookedAt = Number.NEGATIVE_INFINITY;
  /** Until when what is remembered counts: by `elapsed`, and by `now`, which goes on while the machine is suspended. */
  #trustedUntil = Number.NEGATIVE_INFINITY;
  #trustedUntilNow = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #isFailing = false;
  #isChecking = false;
  #cancel: (() => void) | undefined;

  constructor(private readonly parts: WatchParts) {}

  get isTrusted(): boolean {
    const { clock } = this.parts;
    return clock.elapsed() <= this.#trustedUntil && clock.now() <= this.#trustedUntilNow;
  }

  /** Begins to look. Before this, one look must have succeeded. */
  start(): void {
    this.#cancel ??= this.parts.clock.every(LOOK_PERIOD_MS, () => {
      this.lookSoon();
      const isLate = this.parts.clock.elapsed() > this.#lookedAt + HINTS_TRUST_MS;
      if (isLate || !this.isTrusted) void this.#checkHints();
    });
  }

  async stop(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    await this.#running?.catch(ignore);
  }

  /** Looks; a failure is logged. */
  lookSoon(): void {
    this.look().catch(ignore);
  }

  /** Resolves after a look that began after the call. Rejects with Unavailable. */
  look(): Promise<void> {
    if (this.#running !== undefined) {
      this.#next ??= this.#running.catch(ignore).then(() => {
        this.#next = undefined;
        return this.look();
      });
      return this.#next;
    }
    this.#running = this.#read().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #read(): Promise<void> {
    const begun = this.parts.clock.elapsed();
    const begunNow = this.parts.clock.now();
    try {
      const state = await this.parts.keys.accessSince(this.#since);
      this.#since = state.at;
      this.#lookedAt = begun;
      this.#trustedUntil = begun + TRUST_MS;
      this.#trustedUntilNow = begunNow + TRUST_MS;
      this.parts.take(state);
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) this.parts.logger.warn({ err: error }, 'keys cannot be looked at; known ones go on');
      this.#isFailing = true;
      throw error;
    }
  }

  async #checkHints(): Promise<void> {
    if (this.#isChecking) return;
    this.#isChecking = true;
    const begun = this.parts.clock.elapsed();
    const begunNow = this.parts.clock.now();
    const late = () => new Error('no answer');
    const since = await within(this.parts.hints.unbrokenSince(), LOOK_PERIOD_MS, late).catch(ignore);
    this.#isChecking = false;
    if (since === undefined || since > this.#lookedAt) return;
    this.#trustedUntil = Math.max(this.#trustedUntil, begun + HINTS_TRUST_MS);
    this.#trustedUntilNow = Math.max(this.#trustedUntilNow, begunNow + HINTS_TRUST_MS);
  }
}

function ignore(): undefined {
  return undefined;
}
