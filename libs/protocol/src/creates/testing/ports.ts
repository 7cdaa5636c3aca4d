import type {
  DrawAnswer,
  DrawRequest,
  DrawTaker,
  Event,
  Highest,
  IdempotencyKey,
  KeyedCreate,
  PublishTaker,
  RegisterAnswer,
  RegisterRequest,
  Sequence,
  Unavailable,
} from '@parley/domain';
import type { Clock } from '../../clock.ts';

export class ManualClock implements Clock {
  #monotonicMs = 1_000;
  #wallMs = Date.UTC(2026, 0, 1);

  monotonic(): number {
    return this.#monotonicMs;
  }

  wall(): number {
    return this.#wallMs;
  }

  pass(ms: number): void {
    this.#monotonicMs += ms;
    this.#wallMs += ms;
  }

  /** Lets time pass while the machine is suspended: the monotonic clock stops meanwhile. */
  suspend(ms: number): void {
    this.#wallMs += ms;
  }

  setBack(ms: number): void {
    this.#wallMs -= ms;
  }
}

export const TOKEN = '018f6f0e-1c7a-4c4e-9d0a-3d2f6b1c9a57';
export const KEY: IdempotencyKey = { hash: 'a'.repeat(64), body: 'b'.repeat(64) };

type Answer = DrawAnswer | RegisterAnswer | Error;

/** Simulated ports that record calls and return what a test sets. Only draws and registrations must be set. */
export class FakePorts {
  /** The results of the next draws and registrations, in order. */
  answers: (Answer | (() => Answer | Promise<Answer>))[] = [];
  refusal: (token: string) => Unavailable | undefined = () => undefined;
  onPublish: (event: Event) => void | Promise<void> = () => {};
  onSeed: () => void | Promise<void> = () => {};
  onFence: () => void | Promise<void> = () => {};
  onConfirm: () => void | Promise<void> = () => {};
  onLook: () => void | Promise<void> = () => {};
  stored: KeyedCreate | undefined;
  highestNumber: Highest | undefined = { number: 0 };
  seq = 1;

  readonly calls: string[] = [];
  readonly draws: (DrawRequest | RegisterRequest)[] = [];
  readonly published: Event[] = [];
  readonly seeded: { sequence: Sequence; highest: Highest; epoch: number | undefined }[] = [];
  readonly looks: { sequence: Sequence; seq: number | undefined }[] = [];
  readonly confirmed: { scope: string; hash: string; eventId: string }[] = [];
  readonly askedKeys: { scope: string; hash: string; sequence: Sequence | undefined }[] = [];
  readonly fenced: { token: string; timeoutMs: number }[] = [];
  readonly logged: string[] = [];

  readonly numbering = {
    newToken: () => TOKEN,
    draw: (request: DrawRequest, taker: DrawTaker) => {
      this.#answer<DrawAnswer>(request).then(
        (answer) => taker.drawAnswered(answer),
        (error: Error) => taker.drawFailed(error),
      );
    },
    register: (request: RegisterRequest) => this.#answer<RegisterAnswer>(request),
    seed: async (sequence: Sequence, highest: Highest, epoch?: number) => {
      this.calls.push('seed');
      this.seeded.push({ sequence, highest, epoch });
      await this.onSeed();
    },
    retire: () => Promise.reject(new Error('creates retire nothing')),
    confirm: async (scope: string, { hash }: IdempotencyKey, eventId: string) => {
      this.calls.push('confirm');
      this.confirmed.push({ scope, hash, eventId });
      await this.onConfirm();
    },
  };

  readonly log = {
    refusal: (token: string) => this.refusal(token),
    publish: (event: Event, taker: PublishTaker) => {
      this.calls.push('publish');
      this.published.push(event);
      Promise.try(this.onPublish, event).then(
        () => taker.published(),
        (error: Error) => taker.publishFailed(error),
      );
    },
    fence: async (token: string, timeoutMs: number) => {
      this.calls.push('fence');
      this.fenced.push({ token, timeoutMs });
      await this.onFence();
      return this.seq;
    },
  };

  readonly store = {
    keyedCreate: async (scope: string, hash: string, sequence?: Sequence) => {
      this.calls.push('keyedCreate');
      this.askedKeys.push({ scope, hash, sequence });
      await this.onLook();
      return this.stored;
    },
    highest: async (sequence: Sequence, seq?: number) => {
      this.calls.push('highest');
      this.looks.push({ sequence, seq });
      await this.onLook();
      return this.highestNumber;
    },
  };

  readonly logger = {
    debug: (_: object, text: string) => this.logged.push(`debug: ${text}`),
    warn: (_: object, text: string) => this.logged.push(`warn: ${text}`),
  };

  async #answer<A extends Answer>(request: DrawRequest | RegisterRequest): Promise<A> {
    this.calls.push('draw');
    this.draws.push(request);
    const next = this.answers.shift();
    if (next === undefined) throw new Error('the test has no answer for this draw');
    const answer = typeof next === 'function' ? await next() : next;
    if (answer instanceof Error) throw answer;
    return answer as A;
  }
}

/** Answers to a draw. The first number is 5, the epoch 3. */
export const DRAWN = { first: 5, eventId: '00000003'.padEnd(32, 'e'), epoch: 3, at: 1_700_000_000_000 };
export const drawn = { status: 'drawn', ...DRAWN } as const;
export const repeated = { status: 'repeated', confirmed: false, ...DRAWN } as const;
export const missing = { status: 'missing', epoch: 3 } as const;
export const gone = { status: 'gone' } as const;
export const unsure = { status: 'unsure', epoch: 3 } as const;

/** A stored create, as the store returns it for a key. */
export function storedCreate(some: Partial<KeyedCreate> = {}): KeyedCreate {
  return { eventId: 'f'.repeat(32), bodyHash: KEY.body, token: TOKEN, first: 2, epoch: 2, at: 0, ...some };
}
