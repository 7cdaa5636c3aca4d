import {
  ACKNOWLEDGE_WITHIN_MS,
  type ApplicationCreated,
  type DrawAnswer,
  type Drawn,
  type Event,
  type EventLog,
  IdempotencyConflict,
  type IdempotencyKey,
  type Numbering,
  newEventId,
  newToken,
  type Sequence,
  type Token,
  Unavailable,
} from '@parley/domain';
import type { Logger } from '@parley/runtime';
import type { CounterSeeds } from './counter-seeds.ts';

/** What a create needs from outside. */
export interface AcceptanceParts {
  readonly numbering: Numbering;
  readonly log: EventLog;
  readonly seeds: CounterSeeds;
  readonly logger: Logger;
}

/**
 * The hot path: draw a number, publish the event, and acknowledge only if the log confirmed within two seconds of the
 * draw. After that a new epoch may have begun in which the event counts as late, so its creator must not have been told
 * that it is kept.
 */
export class Acceptance {
  readonly #parts: AcceptanceParts;

  constructor(parts: AcceptanceParts) {
    this.#parts = parts;
  }

  /** Accepts an application and answers its token. */
  async application(name: string, key?: IdempotencyKey): Promise<Token> {
    const { numbering, log } = this.#parts;
    const proposed = newToken();
    refuseEarly(log, proposed);
    const started = performance.now();
    const answer = await numbering.register({ token: proposed, eventId: newEventId(), key });
    if (answer.status === 'conflict') throw new IdempotencyConflict();
    const { token, eventId, epoch, at } = answer;
    if (answer.status === 'repeated' && answer.confirmed) return token;
    const event: ApplicationCreated = { type: 'application', id: eventId, epoch, at, token, name, ...(key && { key }) };
    await this.#publish(event, started, 'applications');
    await this.#openCounter({ kind: 'chats', token });
    return token;
  }

  /** Accepts a chat and answers its number. */
  async chat(token: Token, name: string, key?: IdempotencyKey): Promise<number> {
    const sequence: Sequence = { kind: 'chats', token };
    const number = await this.#accept(sequence, 1, key, ({ first, eventId, epoch, at }) => {
      return { type: 'chat', id: eventId, epoch, at, token, number: first, name, ...(key && { key }) };
    });
    await this.#openCounter({ kind: 'messages', token, chat: number });
    return number;
  }

  /** Accepts messages under consecutive numbers, all or none, and answers the first number. */
  messages(token: Token, chat: number, contents: string[], key?: IdempotencyKey): Promise<number> {
    const sequence: Sequence = { kind: 'messages', token, chat };
    return this.#accept(sequence, contents.length, key, ({ first, eventId, epoch, at }) => {
      return { type: 'messages', id: eventId, epoch, at, token, chat, first, contents, ...(key && { key }) };
    });
  }

  async #accept(
    sequence: Sequence,
    count: number,
    key: IdempotencyKey | undefined,
    eventOf: (drawn: Drawn) => Event,
  ): Promise<number> {
    refuseEarly(this.#parts.log, sequence.token);
    let started = performance.now();
    let answer = await this.#draw(sequence, count, key);
    if (answer.status === 'missing') {
      await this.#parts.seeds.seed(sequence);
      started = performance.now();
      answer = await this.#draw(sequence, count, key);
    }
    if (answer.status === 'conflict') throw new IdempotencyConflict();
    if (answer.status === 'missing') throw new Unavailable('numbers', 'The numbers of this list are not available.');
    if (answer.status === 'repeated' && answer.confirmed) return answer.first;
    await this.#publish(eventOf(answer), started, sequence.token);
    return answer.first;
  }

  #draw(sequence: Sequence, count: number, key: IdempotencyKey | undefined): Promise<DrawAnswer> {
    return this.#parts.numbering.draw({ sequence, count, eventId: newEventId(), key });
  }

  async #publish(event: Event, started: number, scope: Token | 'applications'): Promise<void> {
    const { log, numbering, logger } = this.#parts;
    await log.publish(event);
    if (performance.now() - started > ACKNOWLEDGE_WITHIN_MS) {
      throw new Unavailable('event log', 'The event log did not confirm in time.');
    }
    if (event.key === undefined) return;
    numbering.confirm(scope, event.key).catch((error: unknown) => {
      // Only spares a repetition its second publish, which the store would skip.
      logger.debug({ err: error }, 'could not note that a keyed create is durable');
    });
  }

  /** The owner is durable already: without its counter the first draw looks in the store, nothing is lost. */
  async #openCounter(sequence: Sequence): Promise<void> {
    try {
      await this.#parts.numbering.seed(sequence, 0);
    } catch (error) {
      this.#parts.logger.warn({ err: error }, 'could not open a counter; its first draw will');
    }
  }
}

function refuseEarly(log: EventLog, token: Token): void {
  const refusal = log.refusal(token);
  if (refusal !== undefined) throw refusal;
}
