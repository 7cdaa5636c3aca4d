import {
  ACKNOWLEDGE_WITHIN_MS,
  type ApplicationCreated,
  type Drawn,
  type Event,
  type EventLog,
  IdempotencyConflict,
  type IdempotencyKey,
  type Numbering,
  type Sequence,
  type Store,
  type Token,
  Unavailable,
} from '@parley/domain';
import type { Logger } from '@parley/runtime';
import type { CounterSeeds } from './counter-seeds.ts';

/** What a create needs from outside. */
export interface AcceptanceParts {
  readonly numbering: Numbering;
  readonly log: EventLog;
  readonly store: Pick<Store, 'keyedCreate'>;
  readonly seeds: CounterSeeds;
  readonly logger: Logger;
}

/** How often a draw is tried: each other time something was looked up in the store, or an epoch had begun meanwhile. */
const DRAWS_MAX = 4;

/** What is to be answered for a create, and the event that must be durable first; undefined where it is already. */
type Claim<Found> = Found & {
  readonly publish?: Omit<Drawn, 'first'> & { readonly fresh: boolean; readonly since: Moment };
};

/**
 * The hot path: draw a number, publish the event, and acknowledge only if the log confirmed within two seconds of asking
 * for the draw. After that a new epoch may have begun in which the event counts as late, so its creator must not have
 * been told that it is kept.
 */
export class Acceptance {
  readonly #parts: AcceptanceParts;

  constructor(parts: AcceptanceParts) {
    this.#parts = parts;
  }

  /** Accepts an application and answers its token. */
  async application(name: string, key?: IdempotencyKey): Promise<Token> {
    const { log, numbering } = this.#parts;
    const proposed = numbering.newToken(key);
    refuseEarly(log, proposed);
    const { token, publish } = await this.#register(proposed, key);
    if (publish === undefined) return token;
    const { eventId, epoch, at, since } = publish;
    const event: ApplicationCreated = { type: 'application', id: eventId, epoch, at, token, name, ...(key && { key }) };
    await this.#publish(event, since, 'applications');
    if (publish.fresh) await this.#openCounter({ kind: 'chats', token }, epoch);
    return token;
  }

  /** Accepts a chat and answers its number. */
  async chat(token: Token, name: string, key?: IdempotencyKey): Promise<number> {
    const { first, publish } = await this.#draw({ kind: 'chats', token }, 1, key);
    if (publish === undefined) return first;
    const { eventId, epoch, at, since } = publish;
    const event: Event = { type: 'chat', id: eventId, epoch, at, token, number: first, name, ...(key && { key }) };
    await this.#publish(event, since, token);
    if (publish.fresh) await this.#openCounter({ kind: 'messages', token, chat: first }, epoch);
    return first;
  }

  /** Accepts messages under consecutive numbers, all or none, and answers the first number. */
  async messages(token: Token, chat: number, contents: string[], key?: IdempotencyKey): Promise<number> {
    const { first, publish } = await this.#draw({ kind: 'messages', token, chat }, contents.length, key);
    if (publish === undefined) return first;
    const { eventId, epoch, at, since } = publish;
    const event: Event = {
      type: 'messages',
      id: eventId,
      epoch,
      at,
      token,
      chat,
      first,
      contents,
      ...(key && { key }),
    };
    await this.#publish(event, since, token);
    return first;
  }

  async #draw(sequence: Sequence, count: number, key: IdempotencyKey | undefined): Promise<Claim<{ first: number }>> {
    const { numbering, log, seeds } = this.#parts;
    refuseEarly(log, sequence.token);
    let keyAbsentIn: number | undefined;
    const begun = now();
    for (let tries = 0; tries < DRAWS_MAX; tries += 1) {
      const since = tries === 0 ? begun : refuseSlow(begun);
      const answer = await numbering.draw({ sequence, count, key, keyAbsentIn });
      if (answer.status === 'conflict') throw new IdempotencyConflict();
      if (answer.status === 'missing') await seeds.seed(sequence, answer.epoch);
      else if (answer.status === 'unsure') {
        const stored = await this.#storedUnder(sequence.token, key);
        if (stored !== undefined) return stored;
        keyAbsentIn = answer.epoch;
      } else return claimOf(answer, since);
    }
    throw unsettled();
  }

  async #register(token: Token, key: IdempotencyKey | undefined): Promise<Claim<{ token: Token }>> {
    let keyAbsentIn: number | undefined;
    const begun = now();
    for (let tries = 0; tries < DRAWS_MAX; tries += 1) {
      const since = tries === 0 ? begun : refuseSlow(begun);
      const answer = await this.#parts.numbering.register({ token, key, keyAbsentIn });
      if (answer.status === 'conflict') throw new IdempotencyConflict();
      if (answer.status !== 'unsure') return claimOf(answer, since);
      const stored = await this.#storedUnder('applications', key);
      if (stored !== undefined) return stored;
      keyAbsentIn = answer.epoch;
    }
    throw unsettled();
  }

  /** The create that is stored under the key, if there is one. */
  async #storedUnder(scope: Token | 'applications', key: IdempotencyKey | undefined) {
    const stored = key && (await this.#parts.store.keyedCreate(scope, key.hash));
    if (stored !== undefined && stored.bodyHash !== key?.body) throw new IdempotencyConflict();
    return stored && { first: stored.first, token: stored.token };
  }

  async #publish(event: Event, since: Moment, scope: Token | 'applications'): Promise<void> {
    const { log, numbering, logger } = this.#parts;
    refuseLate(since);
    await log.publish(event);
    refuseLate(since);
    if (event.key === undefined) return;
    numbering.confirm(scope, event.key, event.id).catch((error: unknown) => {
      // Only spares a repetition its second publish, which the store would skip.
      logger.debug({ err: error }, 'could not note that a keyed create is durable');
    });
  }

  /**
   * The owner is durable already: without its counter the first draw looks in the store, nothing is lost. Not for an
   * owner that may be known since long: its counter may have counted and gone.
   */
  async #openCounter(sequence: Sequence, epoch: number): Promise<void> {
    try {
      await this.#parts.numbering.seed(sequence, { number: 0 }, epoch);
    } catch (error) {
      this.#parts.logger.warn({ err: error }, 'could not open a counter; its first draw will');
    }
  }
}

function claimOf<Answer extends Omit<Drawn, 'first'>>(
  answer: Answer & ({ status: 'drawn' } | { status: 'repeated'; confirmed: boolean }),
  since: Moment,
): Claim<Answer> {
  if (answer.status === 'repeated' && answer.confirmed) return answer;
  const { eventId, epoch, at } = answer;
  return { ...answer, publish: { eventId, epoch, at, since, fresh: answer.status === 'drawn' } };
}

function refuseEarly(log: EventLog, token: Token): void {
  const refusal = log.refusal(token);
  if (refusal !== undefined) throw refusal;
}

/** By two clocks: one that nobody sets, and one that goes on while a whole machine is suspended. */
interface Moment {
  readonly monotonic: number;
  readonly wall: number;
}

function now(): Moment {
  return { monotonic: performance.now(), wall: Date.now() };
}

function isOver({ monotonic, wall }: Moment): boolean {
  return Math.max(performance.now() - monotonic, Date.now() - wall) > ACKNOWLEDGE_WITHIN_MS;
}

function refuseLate(since: Moment): void {
  if (isOver(since)) throw new Unavailable('event log', 'The event log did not confirm in time.');
}

/** The moment of another try, unless looking things up has taken so long that the client is to be told. */
function refuseSlow(begun: Moment): Moment {
  if (isOver(begun)) throw unsettled();
  return now();
}

function unsettled(): Unavailable {
  return new Unavailable('numbers', 'The numbers of this list are not available.');
}
