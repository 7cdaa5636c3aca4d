import {
  ACKNOWLEDGE_WITHIN_MS,
  type DrawAnswer,
  type Drawn,
  type Event,
  type EventLog,
  IdempotencyConflict,
  type IdempotencyKey,
  type Numbering,
  type RegisterAnswer,
  type Store,
  type Token,
  Unavailable,
} from '@parley/domain';
import { type Clock, elapsedMs, type Moment, momentOf } from '../clock.ts';
import type { CounterSeeds } from './counter-seeds.ts';
import { type Accepted, type Create, type Outcome, ownSequenceOf, type Settled, sequenceOf } from './create.ts';

export interface AcceptanceParts {
  readonly numbering: Numbering;
  readonly log: Pick<EventLog, 'publish' | 'refusal'>;
  readonly store: Pick<Store, 'keyedCreate'>;
  readonly seeds: Pick<CounterSeeds, 'seed' | 'forget'>;
  readonly clock: Clock;
  readonly logger: Record<'debug' | 'warn', (details: object, text: string) => void>;
}

/** How often a create draws at most. It draws again after a look into the store, or if a new epoch has begun. */
const DRAWS_MAX = 4;

/** The answer to a create, and the event to publish before it; no event if that is durable already. */
interface Claim {
  readonly accepted: Accepted;
  readonly publish?: Publish;
}

/**
 * `fresh`: the event's number was drawn now, not by an earlier create with the same idempotency key. `since`: just
 * before the request for the draw.
 */
interface Publish {
  readonly event: Event;
  readonly fresh: boolean;
  readonly since: Moment;
}

/**
 * The hot path: draw a number, publish the event, and acknowledge only if the log confirms within two seconds of the
 * request for the draw. After that a new epoch of the numbers may have begun, in which the event is rejected as late:
 * it must not be acknowledged then.
 *
 * Creates come in arrays, and each ends on its own: one that looks into the store does not delay the others.
 */
export class Acceptance {
  readonly #parts: AcceptanceParts;

  constructor(parts: AcceptanceParts) {
    this.#parts = parts;
  }

  /**
   * Accepts or refuses each of the creates, and tells `settled`. All draws are requested before this returns, in the
   * order of the array. Refusals are domain errors: NotFound, IdempotencyConflict, Unavailable, EventRejected.
   */
  accept(creates: readonly Create[], settled: Settled): void {
    let index = 0;
    for (const create of creates) void this.#accept(create, index++, settled);
  }

  application(name: string, key?: IdempotencyKey): Promise<Token> {
    return this.#acceptOne({ type: 'application', name, key }, tokenOf);
  }

  chat(token: Token, name: string, key?: IdempotencyKey): Promise<number> {
    return this.#acceptOne({ type: 'chat', token, name, key }, firstOf);
  }

  /** Accepts messages under consecutive numbers, all or none, and returns the first number. */
  messages(token: Token, chat: number, contents: string[], key?: IdempotencyKey): Promise<number> {
    return this.#acceptOne({ type: 'messages', token, chat, contents, key }, firstOf);
  }

  #acceptOne<Answer>(create: Create, answerOf: (accepted: Accepted) => Answer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.accept([create], (_, outcome) => {
        if (outcome.status === 'accepted') resolve(answerOf(outcome));
        else reject(outcome.error);
      });
    });
  }

  async #accept(create: Create, index: number, settled: Settled): Promise<void> {
    const { log, clock } = this.#parts;
    let outcome: Outcome;
    try {
      const { accepted, publish } = await this.#claim(create);
      if (publish !== undefined) {
        refuseLate(clock, publish.since);
        await log.publish(publish.event);
        refuseLate(clock, publish.since);
        this.#noteConfirmed(publish.event);
        if (create.type !== 'messages') await this.#opened(publish.event, publish.fresh);
      }
      outcome = accepted;
    } catch (error) {
      outcome = { status: 'refused', error };
    }
    settled(index, outcome);
  }

  /**
   * Draws numbers. If the counter is missing, creates it and draws again; if only the store knows the idempotency key,
   * looks there before drawing again.
   */
  async #claim(create: Create): Promise<Claim> {
    const { numbering, log, seeds, clock } = this.#parts;
    const token = create.type === 'application' ? numbering.newToken(create.key) : create.token;
    const refusal = log.refusal(token);
    if (refusal !== undefined) throw refusal;
    let keyAbsentIn: number | undefined;
    const begun = momentOf(clock);
    for (let tries = 0; tries < DRAWS_MAX; tries += 1) {
      const since = tries === 0 ? begun : refuseSlow(clock, begun);
      const answer = await this.#draw(create, token, keyAbsentIn);
      if (answer.status === 'conflict') throw new IdempotencyConflict();
      if (answer.status === 'unsure') {
        const stored = await this.#storedUnder(create.type === 'application' ? 'applications' : token, create.key);
        if (stored !== undefined) return { accepted: stored };
        keyAbsentIn = answer.epoch;
      } else if (answer.status !== 'missing') return claimOf(create, token, answer, since);
      else if (create.type !== 'application') await seeds.seed(sequenceOf(create), answer.epoch);
    }
    throw unsettled();
  }

  #draw(create: Create, token: Token, keyAbsentIn: number | undefined): Promise<DrawAnswer | RegisterAnswer> {
    const { numbering } = this.#parts;
    const { key } = create;
    if (create.type === 'application') return numbering.register({ token, key, keyAbsentIn });
    const count = create.type === 'chat' ? 1 : create.contents.length;
    return numbering.draw({ sequence: sequenceOf(create), count, key, keyAbsentIn });
  }

  /**
   * The stored create with this idempotency key, if there is one. Throws IdempotencyConflict if it had another body.
   */
  async #storedUnder(scope: Token | 'applications', key: IdempotencyKey | undefined): Promise<Accepted | undefined> {
    const stored = key && (await this.#parts.store.keyedCreate(scope, key.hash));
    if (stored !== undefined && stored.bodyHash !== key?.body) throw new IdempotencyConflict();
    return stored && { status: 'accepted', token: stored.token, first: stored.first };
  }

  #noteConfirmed({ type, token, key, id }: Event): void {
    if (key === undefined) return;
    const { numbering, logger } = this.#parts;
    numbering.confirm(type === 'application' ? 'applications' : token, key, id).catch((error: unknown) => {
      // That note only saves a repeated create its second publish, which the store would skip: the create has not
      // failed.
      logger.debug({ err: error }, 'could not note that a keyed create is durable');
    });
  }

  /**
   * Creates the counter of a durable application or chat at 0, if its create was fresh: the counter of a repeated create
   * may have counted and expired, so 0 would repeat numbers. If that fails, the first draw looks into the store.
   */
  async #opened(owner: Event, fresh: boolean): Promise<void> {
    const sequence = ownSequenceOf(owner);
    if (sequence === undefined) return;
    this.#parts.seeds.forget(sequence);
    if (!fresh) return;
    try {
      await this.#parts.numbering.seed(sequence, { number: 0 }, owner.epoch);
    } catch (error) {
      this.#parts.logger.warn({ err: error }, 'could not open a counter; its first draw will');
    }
  }
}

type Found = Extract<DrawAnswer | RegisterAnswer, { status: 'drawn' | 'repeated' }>;

function claimOf(create: Create, proposed: Token, answer: Found, since: Moment): Claim {
  const token = 'token' in answer ? answer.token : proposed;
  const first = 'first' in answer ? answer.first : 0;
  const accepted: Accepted = { status: 'accepted', token, first };
  if (answer.status === 'repeated' && answer.confirmed) return { accepted };
  const event = eventOf(create, accepted, answer);
  return { accepted, publish: { event, fresh: answer.status === 'drawn', since } };
}

function eventOf(create: Create, { token, first }: Accepted, drawn: Omit<Drawn, 'first'>): Event {
  const { eventId: id, epoch, at } = drawn;
  const key = create.key && { key: create.key };
  if (create.type === 'application') return { type: 'application', id, epoch, at, token, name: create.name, ...key };
  if (create.type === 'chat') return { type: 'chat', id, epoch, at, token, number: first, name: create.name, ...key };
  const { chat, contents } = create;
  return { type: 'messages', id, epoch, at, token, chat, first, contents, ...key };
}

function refuseLate(clock: Clock, since: Moment): void {
  if (isOver(clock, since)) throw new Unavailable('event log', 'The event log did not confirm in time.');
}

/** Returns the moment of the next draw, now. Throws Unavailable if the create has taken longer than two seconds. */
function refuseSlow(clock: Clock, begun: Moment): Moment {
  if (isOver(clock, begun)) throw unsettled();
  return momentOf(clock);
}

function isOver(clock: Clock, since: Moment): boolean {
  return elapsedMs(clock, since) > ACKNOWLEDGE_WITHIN_MS;
}

function unsettled(): Unavailable {
  return new Unavailable('numbers', 'The numbers of this list are not available.');
}

function tokenOf({ token }: Accepted): Token {
  return token;
}

function firstOf({ first }: Accepted): number {
  return first;
}
