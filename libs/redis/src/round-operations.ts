import {
  type DrawRequest,
  type DrawTaker,
  type Highest,
  type IdempotencyKey,
  newEventId,
  type RegisterAnswer,
  type RegisterRequest,
  type Sequence,
  type Token,
} from '@parley/domain';
import { counterName, idempotencyName, rateName } from './keys.ts';
import { allowanceOf, limited, remainingOf } from './rated-draws.ts';
import { answerDrawn, answerKnown, GONE, type Known, knownOf, MISSING, tell, UNSURE } from './replies.ts';

/** One call of the script that does a round of operations: the full names of its keys, and its arguments. */
export interface RoundCall {
  readonly base: string;
  readonly epoch: number;
  /** The applications in whose lists something is drawn: the script looks which of them were deleted. */
  readonly applications: Set<Token>;
  readonly keys: string[];
  readonly args: (string | number)[];
}

export interface Operation {
  encode(call: RoundCall): void;
  /** `reply` is the script's reply to this operation; `at` is when the script ran, in milliseconds since 1970. */
  settle(reply: unknown, epoch: number, at: number): void;
  fail(error: Error): void;
}

interface Pending<T> {
  readonly resolve: (answer: T) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Draws from one sequence that share an operation: the script draws the sum of their counts, divided here in the order
 * of the requests.
 */
export class PlainDraws implements Operation {
  readonly rate = undefined;
  #sum = 0;
  readonly #counts: number[] = [];
  readonly #takers: DrawTaker[] = [];
  constructor(readonly sequence: Sequence) {}

  add(count: number, taker: DrawTaker): void {
    this.#sum += count;
    this.#counts.push(count);
    this.#takers.push(taker);
  }

  encode({ base, epoch, applications, keys, args }: RoundCall): void {
    applications.add(this.sequence.token);
    keys.push(base + counterName(epoch, this.sequence));
    args.push('d', this.#sum);
  }

  settle(reply: unknown, epoch: number, at: number): void {
    const last = Number(reply);
    let first = last - this.#sum + 1;
    for (const [index, taker] of this.#takers.entries()) {
      const count = this.#counts[index] ?? 0;
      if (last === MISSING) tell(taker, { status: 'missing', epoch });
      else if (last === GONE) tell(taker, { status: 'gone' });
      else answerDrawn(taker, first, count, newEventId(epoch), epoch, at);
      first += count;
    }
  }

  fail(error: Error): void {
    for (const taker of this.#takers) tell(taker, error);
  }
}

export class KeyedDraw implements Operation {
  #eventId = '';
  constructor(
    readonly request: DrawRequest,
    readonly key: IdempotencyKey,
    readonly taker: DrawTaker,
  ) {}

  encode({ base, epoch, applications, keys, args }: RoundCall): void {
    const { sequence, count, keyAbsentIn, rate } = this.request;
    applications.add(sequence.token);
    this.#eventId = newEventId(epoch);
    keys.push(base + counterName(epoch, sequence), base + idempotencyName(sequence.token, this.key.hash));
    args.push(rate === undefined ? 'k' : 'q', count, this.key.body, this.#eventId, keyAbsentIn === epoch ? 1 : 0);
    if (rate === undefined) return;
    keys.push(base + rateName(epoch, sequence.token));
    args.push(rate.perSecond, rate.burst);
  }

  settle(reply: unknown, epoch: number, at: number): void {
    const known = knownOf(reply);
    const { count, rate } = this.request;
    const allowance = rate && allowanceOf(reply);
    const last = allowance === undefined ? Number(reply) : allowance.last;
    const remaining = allowance && remainingOf(allowance);
    if (known !== undefined) tell(this.taker, answerKnown(known, this.key));
    else if (rate !== undefined && allowance?.granted === 0) tell(this.taker, limited(rate, allowance, count));
    else if (last === MISSING) tell(this.taker, { status: 'missing', epoch });
    else if (last === UNSURE) tell(this.taker, { status: 'unsure', epoch });
    else if (last === GONE) tell(this.taker, { status: 'gone' });
    else answerDrawn(this.taker, last - count + 1, count, this.#eventId, epoch, at, remaining);
  }

  fail(error: Error): void {
    tell(this.taker, error);
  }
}

/** A new application with an idempotency key. The key is kept in the application's partition. */
export class KeyedRegistration implements Operation {
  #eventId = '';
  constructor(
    readonly request: RegisterRequest,
    readonly key: IdempotencyKey,
    readonly pending: Pending<RegisterAnswer>,
  ) {}

  encode({ base, epoch, keys, args }: RoundCall): void {
    const { token, keyAbsentIn } = this.request;
    this.#eventId = newEventId(epoch);
    keys.push(base + idempotencyName('applications', this.key.hash));
    args.push('a', this.key.body, this.#eventId, keyAbsentIn === epoch ? 1 : 0, token);
  }

  settle(reply: unknown, epoch: number, at: number): void {
    const known = knownOf(reply);
    if (known !== undefined) this.pending.resolve(this.#repeated(known));
    else if (Number(reply) === UNSURE) this.pending.resolve({ status: 'unsure', epoch });
    else this.pending.resolve({ status: 'drawn', token: this.request.token, eventId: this.#eventId, epoch, at });
  }

  fail(error: Error): void {
    this.pending.reject(error);
  }

  #repeated(known: Known): RegisterAnswer {
    const answer = answerKnown(known, this.key);
    if (answer.status === 'conflict') return answer;
    const { first: _, ...rest } = answer;
    return { ...rest, token: known.token };
  }
}

export class Confirmation implements Operation {
  constructor(
    readonly scope: Token | 'applications',
    readonly hash: string,
    readonly eventId: string,
    readonly pending: Pending<void>,
  ) {}

  encode({ base, keys, args }: RoundCall): void {
    keys.push(base + idempotencyName(this.scope, this.hash));
    args.push('c', this.eventId);
  }

  settle(): void {
    this.pending.resolve();
  }

  fail(error: Error): void {
    this.pending.reject(error);
  }
}

/** Creates a counter in the epoch in which its highest number was looked up in the store. */
export class Seed implements Operation {
  constructor(
    readonly sequence: Sequence,
    readonly highest: Highest,
    readonly epoch: number | undefined,
    readonly pending: Pending<void>,
  ) {}

  encode({ base, epoch, keys, args }: RoundCall): void {
    // If a newer epoch is open, `highest` may be too low for it: the counter is created in the older one, where nobody
    // draws.
    keys.push(base + counterName(this.epoch ?? epoch, this.sequence));
    args.push('s', this.highest.number);
  }

  settle(): void {
    this.pending.resolve();
  }

  fail(error: Error): void {
    this.pending.reject(error);
  }
}

/** Only checks that the epoch is still open: a new application draws no number. */
export class EpochCheck implements Operation {
  constructor(readonly pending: Pending<{ epoch: number; at: number }>) {}

  encode({ args }: RoundCall): void {
    args.push('n');
  }

  settle(_reply: unknown, epoch: number, at: number): void {
    this.pending.resolve({ epoch, at });
  }

  fail(error: Error): void {
    this.pending.reject(error);
  }
}
