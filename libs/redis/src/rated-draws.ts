/**
 * Draws of an application that has a limit of messages. The script decides which of them fit: see `take` in scripts.ts.
 */
import { type DrawAnswer, type DrawTaker, type MessageRate, newEventId, type Sequence } from '@parley/domain';
import { counterName, rateName } from './keys.ts';
import { answerDrawn, GONE, tell } from './replies.ts';
import type { Operation, RoundCall } from './round-operations.ts';

/** Draws from one sequence that share an operation. The script draws for as many of the first ones as fit. */
export class RatedDraws implements Operation {
  readonly #counts: number[] = [];
  readonly #takers: DrawTaker[] = [];
  constructor(
    readonly sequence: Sequence,
    readonly rate: MessageRate,
  ) {}

  add(count: number, taker: DrawTaker): void {
    this.#counts.push(count);
    this.#takers.push(taker);
  }

  encode({ base, epoch, applications, keys, args }: RoundCall): void {
    const { sequence, rate } = this;
    applications.add(sequence.token);
    keys.push(base + counterName(epoch, sequence), base + rateName(epoch, sequence.token));
    args.push('r', rate.perSecond, rate.burst, this.#counts.length);
    for (const count of this.#counts) args.push(count);
  }

  settle(reply: unknown, epoch: number, at: number): void {
    const allowance = allowanceOf(reply);
    if (allowance === undefined)
      this.#tellAll(Number(reply) === GONE ? { status: 'gone' } : { status: 'missing', epoch });
    else this.#divide(allowance, epoch, at);
  }

  #divide(allowance: Allowance, epoch: number, at: number): void {
    const remaining = remainingOf(allowance);
    let first = allowance.last + 1;
    for (let index = 0; index < allowance.granted; index += 1) first -= this.#counts[index] ?? 0;
    for (const [index, taker] of this.#takers.entries()) {
      const count = this.#counts[index] ?? 0;
      if (index < allowance.granted) answerDrawn(taker, first, count, newEventId(epoch), epoch, at, remaining);
      else tell(taker, limited(this.rate, allowance, count));
      first += count;
    }
  }

  fail(error: Error): void {
    this.#tellAll(error);
  }

  #tellAll(answer: DrawAnswer | Error): void {
    for (const taker of this.#takers) tell(taker, answer);
  }
}

/** The script's reply to draws with a rate. */
export interface Allowance {
  /** The last of the numbers that were drawn. */
  readonly last: number;
  /** How many of the draws got their numbers. */
  readonly granted: number;
  /** How many more messages fit, with fractions. A little below 0 if sums were rounded. */
  readonly room: number;
}

/** Undefined for a reply that is about the counter or the idempotency key. */
export function allowanceOf(reply: unknown): Allowance | undefined {
  if (!Array.isArray(reply)) return undefined;
  const [last, granted, room] = reply;
  return { last: Number(last), granted: Number(granted), room: Number(room) };
}

/** The script rounds by less than this. */
const ROUNDING = 1e-6;

export function remainingOf({ room }: Allowance): number {
  return Math.max(0, Math.floor(room + ROUNDING));
}

export function limited({ perSecond }: MessageRate, { room }: Allowance, count: number): DrawAnswer {
  return { status: 'limited', retryAfterMs: Math.max(0, ((count - room) * 1_000) / perSecond) };
}
