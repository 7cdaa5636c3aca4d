import type { MessageRate } from './access.ts';
import type { Owner, Sequence } from './entities.ts';
import type { IdempotencyKey } from './events.ts';
import type { Token } from './identifiers.ts';
import type { Highest } from './store.ts';

/**
 * PORT. Gives out ("draws") the numbers of chats and messages.
 *
 * Atomic: a draw of n numbers gets n consecutive numbers that no other draw gets, in any process.
 * Order: draws that one process makes from one sequence are served in order.
 * Idempotent: a draw with an idempotency key that was used within 24 hours draws nothing and returns the first draw.
 * The key and the number are written in one step. `seed` never changes a counter that exists.
 * Epochs: a number belongs to the epoch in which it was drawn. If the server may have lost numbers, a new epoch begins.
 * Until it is open, every draw of its partition is refused.
 * Errors: every method rejects with Unavailable within its deadline, or tells it the taker. After a timeout a number
 * may be lost: a gap, never a repetition.
 */
export interface Numbering {
  /** Has requested the draw when it returns, and tells `taker` once. */
  draw(request: DrawRequest, taker: DrawTaker): void;
  /** Prepares a new application and records its idempotency key, if it has one. Draws no number. */
  register(request: RegisterRequest): Promise<RegisterAnswer>;
  /** Makes a token for a new application, in the partition in which its idempotency key is kept. */
  newToken(key?: IdempotencyKey): Token;
  /**
   * Creates the counter of a sequence, unless it exists. `highest` is the sequence's highest number in the store.
   * `epoch` is the one that the answer `missing` named before the caller read the store: if a newer epoch has begun
   * since, nobody draws from this counter. Default: the present epoch, which is right only for a new application or
   * chat that has never been used.
   * Rejects with Unavailable if Redis has lost this counter alone. Then a new epoch is opened.
   */
  seed(sequence: Sequence, highest: Highest, epoch?: number): Promise<void>;
  /**
   * Ends the numbers of a deleted application or chat, and of what is below it: once resolved, every draw there is
   * answered `gone`, also one with an idempotency key that was used before, and `seed` creates no counter there. The store
   * must have committed the delete before. If Redis loses data later, the store's answer decides. Idempotent.
   */
  retire(owner: Owner): Promise<void>;
  /**
   * Records that the event of a create with an idempotency key is durable: a repetition need not publish it again. Best
   * effort. Does nothing if the key belongs to another event now.
   */
  confirm(scope: Token | 'applications', key: IdempotencyKey, eventId: string): Promise<void>;
}

/** Who gets the answer to a draw. One object for each create, instead of a promise. Its methods must not throw. */
export interface DrawTaker {
  drawAnswered(answer: DrawAnswer): void;
  drawFailed(error: Error): void;
}

export interface DrawRequest {
  readonly sequence: Sequence;
  /** How many consecutive numbers to draw, 1 to 1,000. */
  readonly count: number;
  readonly key?: IdempotencyKey | undefined;
  /** Set after an answer `unsure`, if the store does not know the key: the epoch in that answer. */
  readonly keyAbsentIn?: number | undefined;
  /**
   * The application's limit of messages, the same for all its draws: draws beyond it are answered `limited`. Of several
   * draws of one turn, the longest prefix that fits is drawn. Undefined: no limit.
   */
  readonly rate?: MessageRate | undefined;
}

/** Numbers that were drawn, from `first` on, and what their event needs. */
export interface Drawn {
  readonly first: number;
  /** The event's id: a new one if the number was drawn now. It begins with the epoch. */
  readonly eventId: string;
  readonly epoch: number;
  /** When the numbers were drawn: milliseconds since 1970, UTC. */
  readonly at: number;
  /** Only for a draw with a rate that was drawn now: how many more messages would fit. */
  readonly remaining?: number | undefined;
}

export type DrawAnswer =
  | (Drawn & { readonly status: 'drawn' })
  /**
   * The idempotency key was used before. `confirmed`: whether its event is known to be durable. If not, publish it
   * again.
   */
  | (Drawn & { readonly status: 'repeated'; readonly confirmed: boolean })
  /** The idempotency key was used with another body. */
  | { readonly status: 'conflict' }
  /** The application's limit of messages is reached: nothing was drawn. This many would fit after `retryAfterMs`. */
  | { readonly status: 'limited'; readonly retryAfterMs: number }
  /** The application or chat was deleted (see `retire`). */
  | { readonly status: 'gone' }
  /** The sequence has no counter: pass a fence (see EventLog), read the highest number from the store, then `seed`. */
  | { readonly status: 'missing'; readonly epoch: number }
  | Unsure;

/**
 * Only the store knows whether the idempotency key was used: it may have been before the present epoch. Everything
 * published before this epoch is either stored by now or never will be. Look the key up in the store; if it is not
 * there, draw again with `keyAbsentIn`.
 */
export interface Unsure {
  readonly status: 'unsure';
  readonly epoch: number;
}

export interface RegisterRequest {
  /** The token that the application gets, unless its idempotency key was used before. Made by `newToken`. */
  readonly token: Token;
  readonly key?: IdempotencyKey | undefined;
  readonly keyAbsentIn?: number | undefined;
}

export type RegisterAnswer =
  | (Omit<Drawn, 'first'> & { readonly status: 'drawn'; readonly token: Token })
  | (Omit<Drawn, 'first'> & { readonly status: 'repeated'; readonly token: Token; readonly confirmed: boolean })
  | { readonly status: 'conflict' }
  | Unsure;
