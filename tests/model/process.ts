import {
  type DrawRequest,
  type DrawTaker,
  type Event,
  type Highest,
  type IdempotencyKey,
  LimitReached,
  type MessageRate,
  NotFound,
  type PublishTaker,
  type Sequence,
  Unavailable,
} from '@parley/domain';
import { Acceptance, CounterSeeds, type Create, type Paced } from '@parley/protocol';

/** A call to Redis, RabbitMQ or the store that has not returned yet. */
export type Call = { readonly reject: (error: Error) => void } & (
  | {
      readonly to: 'draw';
      readonly keyed: boolean;
      readonly keyAbsentIn: number | undefined;
      readonly answer: (drawn: DrawnAnswer) => void;
    }
  | { readonly to: 'fence'; readonly answer: (seq: number) => void }
  | {
      readonly to: 'highest';
      readonly seq: number | undefined;
      readonly answer: (highest: Highest | undefined) => void;
    }
  | { readonly to: 'seed'; readonly number: number; readonly epoch: number; readonly answer: () => void }
  | { readonly to: 'keyedCreate'; readonly answer: (stored: { first: number } | undefined) => void }
  | { readonly to: 'publish'; readonly event: Event; readonly answer: () => void }
);

type DrawnAnswer =
  | { status: 'drawn'; first: number; eventId: string; epoch: number }
  | { status: 'repeated'; first: number; eventId: string; epoch: number; confirmed: boolean }
  | { status: 'gone' }
  | { status: 'limited'; retryAfterMs: number }
  | { status: 'missing'; epoch: number }
  | { status: 'unsure'; epoch: number };

/**
 * How a create ended: with a number; with an unexpected error; refused after two seconds; because there is no such chat;
 * because the limit of messages is reached; or its client must repeat it.
 */
export type End = { readonly first: number } | { readonly error: unknown } | 'late' | 'not found' | 'limited' | 'again';

const TOKEN = '018f6f0e-1c7a-4c4e-9d0a-3d2f6b1c9a57';
const KEY: IdempotencyKey = { hash: 'a'.repeat(64), body: 'b'.repeat(64) };
const RATE: MessageRate = { perSecond: 10, burst: 1_000 };
const LATE_MS = 2_001;

/**
 * An ingest process that creates messages in one chat: libs/protocol's Acceptance with CounterSeeds. Its calls to
 * servers never return by themselves: the test answers the one that it waits for, in any order with those of other
 * processes.
 */
export class Process {
  call: Call | undefined;
  readonly #acceptance: Acceptance;
  readonly #confirmed: (eventId: string) => void;
  #lateMs = 0;
  #end: End | undefined;
  #moved = Promise.withResolvers<void>();

  /** `suspends`: `passTime` moves only the wall clock, as on a suspended machine; else only the monotonic clock. */
  constructor(confirmed: (eventId: string) => void, suspends: boolean) {
    this.#confirmed = confirmed;
    const clock = { monotonic: () => (suspends ? 0 : this.#lateMs), wall: () => (suspends ? this.#lateMs : 0) };
    const ports = this.#ports();
    const quiet = { debug() {}, warn() {} };
    const pacing = { add: (_: unknown, one: Paced) => one.begin({ left: () => {} }) };
    const seeds = new CounterSeeds({ ...ports, clock });
    this.#acceptance = new Acceptance({ ...ports, clock, pacing, logger: quiet, seeds });
  }

  /** Begins a create, which then waits for the result of its draw. */
  begin(keyed: boolean): void {
    this.#end = undefined;
    const key = keyed ? KEY : undefined;
    const create: Create = { type: 'messages', token: TOKEN, chat: 1, contents: ['x'], key, rate: RATE };
    this.#acceptance
      .acceptOne(create, ({ first }) => first)
      .then(
        (first) => this.#ended({ first }),
        (error: unknown) => this.#ended(refusal(error)),
      );
  }

  passTime(): void {
    this.#lateMs += LATE_MS;
  }

  /** Ends the present call by `answer`. Resolves when the process makes another call, or its create ended. */
  async proceed(answer: () => void): Promise<End | undefined> {
    this.call = undefined;
    this.#moved = Promise.withResolvers<void>();
    answer();
    await this.#moved.promise;
    return this.#end;
  }

  #ended(end: End): void {
    this.#end = end;
    this.#moved.resolve();
  }

  #wait<Answer>(make: (settle: { answer: (value: Answer) => void; reject: (error: Error) => void }) => Call) {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.#waitFor(make({ answer: resolve, reject }));
    return promise;
  }

  #waitFor(call: Call): void {
    if (this.call !== undefined) throw new Error('a create waits for one thing at a time');
    this.call = call;
    this.#moved.resolve();
  }

  #ports() {
    return {
      numbering: {
        draw: ({ key, keyAbsentIn, rate }: DrawRequest, taker: DrawTaker) => {
          if (rate !== RATE) throw new Error('this is not the rate of the create');
          this.#waitFor({
            to: 'draw',
            keyed: key !== undefined,
            keyAbsentIn,
            answer: (answer) => taker.drawAnswered('first' in answer ? { at: 0, ...answer } : answer),
            reject: (error) => taker.drawFailed(error),
          });
        },
        seed: (_: unknown, { number }: Highest, epoch = 0) =>
          this.#wait<void>((settle) => ({ to: 'seed', number, epoch, ...settle })),
        retire: () => Promise.reject(new Error('creates retire nothing')),
        confirm: async (_: unknown, __: unknown, eventId: string) => this.#confirmed(eventId),
        newToken: () => TOKEN,
        register: () => Promise.reject(new Error('no applications here')),
      },
      log: {
        refusal: () => undefined,
        publish: (event: Event, taker: PublishTaker) =>
          this.#waitFor({
            to: 'publish',
            event,
            answer: () => taker.published(),
            reject: (error) => taker.publishFailed(error),
          }),
        fence: () => this.#wait<number>((settle) => ({ to: 'fence', ...settle })),
      },
      store: {
        highest: (_: unknown, seq?: number) =>
          this.#wait<Highest | undefined>((settle) => ({ to: 'highest', seq, ...settle })),
        keyedCreate: async (scope: string, hash: string, sequence?: Sequence) => {
          const inChat = sequence?.kind === 'messages' && sequence.token === TOKEN && sequence.chat === 1;
          if (scope !== TOKEN || hash !== KEY.hash || !inChat) throw new Error('this is not the key of the create');
          const stored = await this.#wait<{ first: number } | undefined>((settle) => ({
            to: 'keyedCreate',
            ...settle,
          }));
          return stored && { ...stored, eventId: '', bodyHash: KEY.body, token: TOKEN, epoch: 0, at: 0 };
        },
      },
    };
  }
}

function refusal(error: unknown): End {
  if (error instanceof NotFound) return 'not found';
  if (error instanceof LimitReached) return 'limited';
  if (!(error instanceof Unavailable)) return { error };
  return error.dependency === 'event log' ? 'late' : 'again';
}
