import {
  type DrawAnswer,
  type DrawRequest,
  type DrawTaker,
  type Event,
  type Highest,
  type IdempotencyKey,
  type MessageRate,
  type Numbering,
  newEventId,
  newToken,
  type Owner,
  type RegisterAnswer,
  type RegisterRequest,
  type Sequence,
  sequenceKey,
  type Token,
} from '@parley/domain';
import { guarded } from './database.ts';
import type { Attempts } from './event-log.ts';
import { type KeptKeys, scopeOf } from './kept-keys.ts';
import { type Fit, MessageRates } from './message-rates.ts';
import type { Owners } from './owners.ts';
import { RecentMap } from './recent-map.ts';

/** The only epoch: a new one is needed only if numbers were lost, and here the store has them all. */
export const EPOCH = 1;
const COUNTERS_PER_GENERATION = 50_000;

interface Claim {
  readonly body: string;
  readonly token: Token;
  readonly first: number;
  readonly eventId: string;
  readonly at: number;
  /** How many attempts to publish the event with this key are running. */
  attempts: number;
}

/**
 * Draws numbers from counters in memory. A counter starts from the store's highest number, so unused ones may be
 * dropped. After a restart the numbers of uncommitted events are drawn again: those events were never acknowledged. An
 * idempotency key is here while its event is being published, and in the store from the commit on. What was deleted
 * has no counter, and gets none: the store decides, and remembers it over a restart.
 */
export class EmbeddedNumbering implements Numbering, Attempts {
  readonly #counters: RecentMap<number>;
  readonly #underWay = new Map<string, Claim>();
  /** The latest applications (by token) and chats (`token:chat`) that were retired. */
  readonly #retired: RecentMap<true>;
  readonly #rates = new MessageRates();
  /** The sequences of whose draws without a key one was limited just now: see `#take`. */
  readonly #limited = new Set<string>();
  readonly #kept: KeptKeys;
  readonly #owners: Owners;
  readonly #now: () => number;

  constructor(kept: KeptKeys, owners: Owners, now: () => number, countersPerGeneration = COUNTERS_PER_GENERATION) {
    this.#kept = kept;
    this.#owners = owners;
    this.#now = now;
    this.#counters = new RecentMap(countersPerGeneration);
    this.#retired = new RecentMap(countersPerGeneration);
  }

  draw(request: DrawRequest, taker: DrawTaker): void {
    guarded(() => this.#draw(request)).then(
      (answer) => taker.drawAnswered(answer),
      (error: Error) => taker.drawFailed(error),
    );
  }

  register(request: RegisterRequest): Promise<RegisterAnswer> {
    return guarded(() => this.#register(request));
  }

  newToken(): Token {
    return newToken();
  }

  seed(sequence: Sequence, highest: Highest): Promise<void> {
    return guarded(() => {
      const name = sequenceKey(sequence);
      if (this.#counters.get(name) === undefined && !this.#isGone(sequence)) this.#counters.set(name, highest.number);
    });
  }

  async retire({ token, chat }: Owner): Promise<void> {
    this.#retired.set(chat === undefined ? token : `${token}:${chat}`, true);
    if (chat === undefined) this.#counters.deleteWhere((name) => name.startsWith(token));
    else this.#counters.delete(`${token}:${chat}`);
  }

  /** Does nothing: an event's key is stored in the transaction of the event. */
  async confirm(): Promise<void> {}

  begun(event: Event): void {
    const claim = this.#claimOf(event);
    if (claim !== undefined) claim.attempts += 1;
  }

  /**
   * Frees an event's key after the last attempt to publish the event, when it is stored with its key or refused. If
   * freed earlier, the key could be used again while its first event waits, and both would be stored.
   */
  ended(event: Event): void {
    const claim = this.#claimOf(event);
    if (claim === undefined || event.key === undefined) return;
    claim.attempts -= 1;
    if (claim.attempts === 0) this.#underWay.delete(claimName(scopeOf(event), event.key));
  }

  #claimOf(event: Event): Claim | undefined {
    if (event.key === undefined) return undefined;
    const claim = this.#underWay.get(claimName(scopeOf(event), event.key));
    return claim?.eventId === event.id ? claim : undefined;
  }

  #draw({ sequence, count, key, rate }: DrawRequest): DrawAnswer {
    if (key !== undefined && this.#isGone(sequence)) return { status: 'gone' };
    const known = key === undefined ? undefined : this.#known(sequence.token, key);
    if (known !== undefined) return known === 'conflict' ? { status: 'conflict' } : { status: 'repeated', ...known };
    const name = sequenceKey(sequence);
    const last = this.#counters.get(name);
    if (last === undefined) return this.#isGone(sequence) ? { status: 'gone' } : { status: 'missing', epoch: EPOCH };
    const fit = rate && this.#take({ sequence, count, key, rate });
    if (fit?.fits === false) return { status: 'limited', retryAfterMs: fit.waitMs };
    this.#counters.set(name, last + count);
    const drawn = { first: last + 1, eventId: newEventId(EPOCH), at: this.#now() };
    if (key !== undefined) this.#claim(sequence.token, key, { ...drawn, body: key.body, token: sequence.token });
    return { status: 'drawn', epoch: EPOCH, ...drawn, ...(fit && { remaining: fit.remaining }) };
  }

  /**
   * Counts a draw's messages if they fit. Of draws without a key from one sequence in one turn, none is drawn after one
   * that did not fit: they get what they would get if they were drawn together.
   */
  #take({ sequence, count, key, rate }: DrawRequest & { readonly rate: MessageRate }): Fit {
    if (key !== undefined) return this.#rates.take(sequence.token, count, rate);
    const name = sequenceKey(sequence);
    if (this.#limited.has(name)) return this.#rates.refuse(sequence.token, count, rate);
    const fit = this.#rates.take(sequence.token, count, rate);
    if (fit.fits) return fit;
    if (this.#limited.size === 0) queueMicrotask(() => this.#limited.clear());
    this.#limited.add(name);
    return fit;
  }

  #register({ token, key }: RegisterRequest): RegisterAnswer {
    const known = key === undefined ? undefined : this.#known('applications', key);
    if (known !== undefined) return known === 'conflict' ? { status: 'conflict' } : { status: 'repeated', ...known };
    const at = this.#now();
    const eventId = newEventId(EPOCH);
    if (key !== undefined) this.#claim('applications', key, { token, first: 0, eventId, at, body: key.body });
    return { status: 'drawn', token, eventId, epoch: EPOCH, at };
  }

  #isGone(sequence: Sequence): boolean {
    const { token } = sequence;
    const owner = sequence.kind === 'chats' ? { token } : { token, chat: sequence.chat };
    if (this.#retired.get(token) === true || this.#retired.get(sequenceKey(sequence)) === true) return true;
    return this.#owners.isDeleted(owner);
  }

  #known(scope: string, key: IdempotencyKey) {
    const underWay = this.#underWay.get(claimName(scope, key));
    const claim = underWay ?? this.#kept.find(scope, key.hash);
    if (claim === undefined) return undefined;
    if (claim.body !== key.body) return 'conflict' as const;
    const { token, first, eventId, at } = claim;
    return { token, first, eventId, at, epoch: EPOCH, confirmed: underWay === undefined };
  }

  #claim(scope: string, key: IdempotencyKey, claim: Omit<Claim, 'attempts'>): void {
    this.#underWay.set(claimName(scope, key), { ...claim, attempts: 0 });
  }
}

function claimName(scope: string, key: IdempotencyKey): string {
  return `${scope}:${key.hash}`;
}
