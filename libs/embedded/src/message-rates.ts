import type { MessageRate, Token } from '@parley/domain';

/** So many applications are remembered before the first look for those that can be forgotten. */
const SWEPT_FROM = 1_000;
/** Sums of shares of a burst may be off by less than this many messages. */
const ROUNDING = 1e-6;

export type Fit =
  | { readonly fits: true; readonly remaining: number }
  | { readonly fits: false; readonly waitMs: number };

interface Used {
  /** The share of the burst that was used up at `at`, from 0 to 1. It falls evenly with time. */
  readonly share: number;
  readonly at: number;
  readonly fallsPerMs: number;
}

/**
 * Limits messages by GCRA. Remembers the share of the burst that is used up, not the time at which all is free again: if
 * the limit is raised, an application does not wait as long as under the old one. Remembers only applications that
 * created a short while ago. After a restart each may create a burst at once.
 */
export class MessageRates {
  readonly #used = new Map<Token, Used>();
  #sweptAt = SWEPT_FROM;

  /** `now`: a clock in milliseconds that never goes back. */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Counts the messages if they fit. Else it counts nothing, and tells when as many will fit. */
  take(token: Token, count: number, { perSecond, burst }: MessageRate): Fit {
    const at = this.now();
    const fallsPerMs = perSecond / (burst * 1_000);
    const share = this.#shareAt(at, token, fallsPerMs);
    const room = (1 - share) * burst;
    if (count > room + ROUNDING) return { fits: false, waitMs: waitMs(count - room, perSecond) };
    this.#used.set(token, { share: share + count / burst, at, fallsPerMs });
    if (this.#used.size > this.#sweptAt) this.#sweep(at);
    return { fits: true, remaining: Math.max(0, Math.floor(room - count + ROUNDING)) };
  }

  /** Counts nothing, and tells when the messages will fit: 0, if they do now. */
  refuse(token: Token, count: number, { perSecond, burst }: MessageRate): Fit {
    const room = (1 - this.#shareAt(this.now(), token, perSecond / (burst * 1_000))) * burst;
    return { fits: false, waitMs: waitMs(count - room, perSecond) };
  }

  #shareAt(now: number, token: Token, fallsPerMs: number): number {
    const used = this.#used.get(token);
    return used === undefined ? 0 : Math.max(0, used.share - (now - used.at) * fallsPerMs);
  }

  /** How many applications are remembered. */
  get size(): number {
    return this.#used.size;
  }

  /** Forgets the applications that may create a whole burst again. The next look is when twice as many are remembered. */
  #sweep(now: number): void {
    for (const [token, { share, at, fallsPerMs }] of this.#used)
      if (share <= (now - at) * fallsPerMs) this.#used.delete(token);
    this.#sweptAt = Math.max(SWEPT_FROM, 2 * this.#used.size);
  }
}

function waitMs(missing: number, perSecond: number): number {
  return Math.max(0, (missing * 1_000) / perSecond);
}
