import {
  ACKNOWLEDGE_WITHIN_MS,
  type DrawAnswer,
  type DrawTaker,
  type Event,
  type EventLog,
  IdempotencyConflict,
  type IdempotencyKey,
  type NotFound,
  type Numbering,
  type PublishTaker,
  type RegisterAnswer,
  type Sequence,
  type Store,
  type Token,
  Unavailable,
} from '@parley/domain';
import { type Clock, elapsedMs, type Moment, momentOf } from '../clock.ts';
import type { CounterSeeds } from './counter-seeds.ts';
import {
  type Accepted,
  type Create,
  eventOf,
  type Outcome,
  ownSequenceOf,
  type Settled,
  sequenceOf,
  unknownOwner,
} from './create.ts';
import type { Cycle, Paced, Pacing } from './pacing.ts';
import { Waits } from './waits.ts';

export interface AcceptanceParts {
  readonly numbering: Numbering;
  readonly log: Pick<EventLog, 'publish' | 'refusal'>;
  readonly store: Pick<Store, 'keyedCreate'>;
  readonly seeds: Pick<CounterSeeds, 'seed' | 'forget'>;
  readonly pacing: Pick<Pacing, 'add'>;
  readonly clock: Clock;
  readonly logger: Record<'debug' | 'warn', (details: object, text: string) => void>;
}

/** How often a create draws at most. It draws again after a look into the store, or if a new epoch has begun. */
const DRAWS_MAX = 4;

/**
 * The hot path: draw a number, publish the event, and acknowledge only if the log confirms within two seconds of the
 * request for the draw. After that a new epoch of the numbers may have begun, in which the event is rejected as late:
 * it must not be acknowledged then.
 *
 * Creates come in arrays, and each ends on its own: one that looks into the store does not delay the others.
 */
export class Acceptance {
  readonly #parts: AcceptanceParts;
  readonly #waits: Waits;

  constructor(parts: AcceptanceParts) {
    this.#parts = parts;
    this.#waits = new Waits(parts.clock);
  }

  /**
   * Accepts or refuses each of the creates, and tells `settled`. The draws of a partition are requested in the order of
   * the array. Refusals are domain errors: NotFound, IdempotencyConflict, LimitReached, Unavailable, EventRejected.
   */
  accept(creates: readonly Create[], settled: Settled): void {
    for (const [index, create] of creates.entries()) {
      new Attempt(this.#parts, this.#waits, create, index, settled).start();
    }
  }

  /** Accepts one create, and resolves with what `answerOf` makes of it. Rejects with the refusal. */
  acceptOne<Answer>(create: Create, answerOf: (accepted: Accepted) => Answer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.accept([create], (_, outcome) => {
        if (outcome.status === 'accepted') resolve(answerOf(outcome));
        else reject(outcome.error);
      });
    });
  }
}

/** One create on its way: the one object that is made for it, and what the ports tell of it. */
class Attempt implements Paced, DrawTaker, PublishTaker {
  readonly #parts: AcceptanceParts;
  readonly #waits: Waits;
  readonly #create: Create;
  readonly #index: number;
  readonly #settled: Settled;
  readonly #begun: Moment;
  #token: Token;
  #tries = 0;
  #keyAbsentIn: number | undefined;
  /** Just before the request for the last draw. */
  #since: Moment;
  /** The event to publish, once its number is drawn. */
  #event: Event | undefined;
  #fresh = false;
  #remaining: number | undefined;
  /** The creates that it began with; undefined once they need not wait for it. */
  #cycle: Cycle | undefined;

  constructor(parts: AcceptanceParts, waits: Waits, create: Create, index: number, settled: Settled) {
    this.#parts = parts;
    this.#waits = waits;
    this.#create = create;
    this.#index = index;
    this.#settled = settled;
    this.#begun = momentOf(parts.clock);
    this.#since = this.#begun;
    this.#token = create.type === 'application' ? parts.numbering.newToken(create.key) : create.token;
  }

  start(): void {
    const refusal = this.#parts.log.refusal(this.#token) ?? this.#waits.refusal(this.#create);
    if (refusal !== undefined) this.#refuse(refusal);
    else this.#parts.pacing.add(this.#token, this);
  }

  begin(cycle: Cycle): void {
    this.#cycle = cycle;
    this.#since = momentOf(this.#parts.clock);
    try {
      this.#draw();
    } catch (error) {
      this.#refuse(error);
    }
  }

  #draw(): void {
    const create = this.#create;
    const { numbering } = this.#parts;
    const { key } = create;
    const keyAbsentIn = this.#keyAbsentIn;
    this.#tries += 1;
    if (create.type === 'application') {
      numbering.register({ token: this.#token, key, keyAbsentIn }).then(
        (answer) => this.drawAnswered(answer),
        (error: Error) => this.drawFailed(error),
      );
    } else {
      const count = create.type === 'chat' ? 1 : create.contents.length;
      const rate = create.type === 'chat' ? undefined : create.rate;
      numbering.draw({ sequence: sequenceOf(create), count, key, keyAbsentIn, rate }, this);
    }
  }

  drawAnswered(answer: DrawAnswer | RegisterAnswer): void {
    try {
      this.#take(answer);
    } catch (error) {
      this.#refuse(error); // a taker must not throw
    }
  }

  #take(answer: DrawAnswer | RegisterAnswer): void {
    if (answer.status === 'drawn') this.#publish(answer);
    else if (answer.status === 'conflict') this.#refuse(new IdempotencyConflict());
    else if (answer.status === 'limited') this.#refuse(this.#waits.limited(this.#create, this.#since, answer));
    else if (answer.status === 'gone') this.#refuse(this.#gone());
    else if (answer.status === 'repeated') {
      if (answer.confirmed) this.#accept(answer);
      else this.#publish(answer);
    } else this.#lookBeforeNextDraw(answer).catch((error: unknown) => this.#refuse(error));
  }

  drawFailed(error: Error): void {
    this.#refuse(error);
  }

  /** The application or chat was deleted: it does not exist any more, for a repeated create neither. */
  #gone(): NotFound {
    const create = this.#create;
    if (create.type === 'application') throw new Error('a new application was never deleted');
    return unknownOwner(sequenceOf(create));
  }

  /** A missing counter is created. If only the store knows the idempotency key, that is asked. Then draws again. */
  async #lookBeforeNextDraw(answer: { readonly status: 'missing' | 'unsure'; readonly epoch: number }): Promise<void> {
    const create = this.#create;
    this.#leave();
    if (answer.status === 'unsure') {
      const stored = await this.#storedUnder(create);
      if (stored !== undefined) return this.#end(stored);
      this.#keyAbsentIn = answer.epoch;
    } else if (create.type !== 'application') await this.#parts.seeds.seed(sequenceOf(create), answer.epoch);
    if (this.#tries === DRAWS_MAX || isOver(this.#parts.clock, this.#begun)) throw unsettled();
    this.#since = momentOf(this.#parts.clock);
    this.#draw();
  }

  /**
   * The stored create with this create's idempotency key, if there is one and what it is in was not deleted. Throws
   * IdempotencyConflict if it had another body.
   */
  async #storedUnder(create: Create): Promise<Accepted | undefined> {
    const { key } = create;
    const [scope, sequence] =
      create.type === 'application' ? (['applications'] as const) : ([create.token, sequenceOf(create)] as const);
    const stored = key && (await this.#parts.store.keyedCreate(scope, key.hash, sequence));
    if (stored !== undefined && stored.bodyHash !== key?.body) throw new IdempotencyConflict();
    return stored && { status: 'accepted', token: stored.token, first: stored.first };
  }

  #publish(answer: Found): void {
    if (isOver(this.#parts.clock, this.#since)) {
      this.#refuse(late());
      return;
    }
    if ('token' in answer) this.#token = answer.token;
    this.#fresh = answer.status === 'drawn';
    if ('remaining' in answer) this.#remaining = answer.remaining;
    this.#event = eventOf(this.#create, this.#token, 'first' in answer ? answer.first : 0, answer);
    this.#parts.log.publish(this.#event, this);
  }

  published(): void {
    try {
      this.#confirmed();
    } catch (error) {
      this.#refuse(error);
    }
  }

  #confirmed(): void {
    this.#leave();
    const event = this.#event;
    if (event === undefined || isOver(this.#parts.clock, this.#since)) {
      this.#refuse(late());
      return;
    }
    if (event.key !== undefined) this.#noteConfirmed(event, event.key);
    const sequence = ownSequenceOf(event);
    if (sequence !== undefined) this.#parts.seeds.forget(sequence);
    if (sequence === undefined || !this.#fresh) this.#acceptEvent(event);
    else this.#acceptOpened(event, sequence).catch((error: unknown) => this.#refuse(error));
  }

  publishFailed(error: Error): void {
    this.#refuse(error);
  }

  #noteConfirmed({ type, token, id }: Event, key: IdempotencyKey): void {
    const { numbering, logger } = this.#parts;
    numbering.confirm(type === 'application' ? 'applications' : token, key, id).catch((error: unknown) => {
      // That note only saves a repeated create its second publish, which the store would skip: the create has not
      // failed.
      logger.debug({ err: error }, 'could not note that a keyed create is durable');
    });
  }

  /**
   * Creates the counter of a new application or chat at 0. If that fails, the first draw looks into the store. Not for a
   * repeated create: its counter may have counted and expired, so 0 would repeat numbers.
   */
  async #openCounter(sequence: Sequence, epoch: number): Promise<void> {
    try {
      await this.#parts.numbering.seed(sequence, { number: 0 }, epoch);
    } catch (error) {
      this.#parts.logger.warn({ err: error }, 'could not open a counter; its first draw will');
    }
  }

  async #acceptOpened(event: Event, sequence: Sequence): Promise<void> {
    await this.#openCounter(sequence, event.epoch);
    this.#acceptEvent(event);
  }

  #accept(answer: Found): void {
    const token = 'token' in answer ? answer.token : this.#token;
    this.#end({ status: 'accepted', token, first: 'first' in answer ? answer.first : 0 });
  }

  #acceptEvent(event: Event): void {
    const first = event.type === 'messages' ? event.first : event.type === 'chat' ? event.number : 0;
    this.#end({ status: 'accepted', token: event.token, first, remaining: this.#remaining });
  }

  #refuse(error: unknown): void {
    this.#end({ status: 'refused', error });
  }

  #end(outcome: Outcome): void {
    this.#leave();
    this.#settled(this.#index, outcome);
  }

  /** Others need not wait for it any longer. */
  #leave(): void {
    const cycle = this.#cycle;
    this.#cycle = undefined;
    cycle?.left();
  }
}

type Found = Extract<DrawAnswer | RegisterAnswer, { status: 'drawn' | 'repeated' }>;

function isOver(clock: Clock, since: Moment): boolean {
  return elapsedMs(clock, since) > ACKNOWLEDGE_WITHIN_MS;
}

function late(): Unavailable {
  return new Unavailable('event log', 'The event log did not confirm in time.');
}

function unsettled(): Unavailable {
  return new Unavailable('numbers', 'The numbers of this list are not available.');
}
