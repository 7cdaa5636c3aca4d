import { LimitReached, type MessageRate, type Token } from '@parley/domain';
import { type Clock, elapsedMs, type Moment } from '../clock.ts';
import type { Create } from './create.ts';

const APPLICATIONS_MAX = 10_000;

interface Wait {
  /** Just before the draw that was refused: at the earliest, the wait counts from here. */
  readonly since: Moment;
  /** After this time one more message may fit. */
  readonly ms: number;
  readonly rate: MessageRate;
}

/**
 * The applications that have just reached their limit of messages. While not even one message fits, creates are refused
 * here, without a question to the numbers. This refuses nothing that the numbers would draw: under the same rate,
 * nothing but time makes room. (But a new epoch of the numbers does, because limits begin anew in it: then this refuses
 * for as long as one message takes under the limit.)
 */
export class Waits {
  readonly #clock: Clock;
  readonly #byToken = new Map<Token, Wait>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * The refusal of a create that cannot fit yet. Undefined for one that may be drawn, or that has an idempotency key:
   * it may repeat an earlier create.
   */
  refusal(create: Create): LimitReached | undefined {
    if (create.type !== 'messages' || create.rate === undefined || create.key !== undefined) return undefined;
    const { token, rate, contents } = create;
    const wait = this.#byToken.get(token);
    if (wait === undefined) return undefined;
    const restMs = wait.ms - elapsedMs(this.#clock, wait.since);
    if (restMs > 0 && isSame(wait.rate, rate)) return limitReached(restMs + forMs(contents.length - 1, rate));
    this.#byToken.delete(token);
    return undefined;
  }

  /** The refusal of a create whose draw was answered `limited`. It was requested at `since`. */
  limited(create: Create, since: Moment, { retryAfterMs }: { readonly retryAfterMs: number }): LimitReached {
    if (create.type === 'messages' && create.rate !== undefined) {
      const ms = retryAfterMs - forMs(create.contents.length - 1, create.rate);
      if (ms > 0) this.#remember(create.token, { since, ms, rate: create.rate });
    }
    return limitReached(retryAfterMs);
  }

  #remember(token: Token, wait: Wait): void {
    if (this.#byToken.size >= APPLICATIONS_MAX) this.#byToken.clear();
    this.#byToken.set(token, wait);
  }
}

/** How long it takes until this many messages more fit. */
function forMs(count: number, { perSecond }: MessageRate): number {
  return (count * 1_000) / perSecond;
}

function isSame(one: MessageRate, other: MessageRate): boolean {
  return one.perSecond === other.perSecond && one.burst === other.burst;
}

function limitReached(retryAfterMs: number): LimitReached {
  return new LimitReached('messagesPerSecond', Math.ceil(retryAfterMs));
}
