import type { Sequence } from './entities.ts';
import type { IdempotencyKey } from './events.ts';
import type { Token } from './identifiers.ts';
import type { Highest } from './store.ts';

/**
 * PORT. Gives out the numbers of chats and messages.
 *
 * Atomic: a draw of n numbers gets n consecutive ones that no other draw gets, in any process.
 * Order: draws of one sequence that one process makes are served in the order in which it made them.
 * Idempotent: a draw with an idempotency key that was seen within 24 hours draws nothing and tells what was drawn
 * then; the key and the number are written in one step. `seed` never lowers or raises a counter that exists.
 * Epochs: a number belongs to the epoch in which it was drawn. Where the numbers may have been forgotten a new one
 * begins, and until it is open every draw of its partition is refused.
 * Errors: every method rejects with Unavailable within its deadline, and after a timeout a number may have been
 * spent: a gap, never a repetition.
 */
export interface Numbering {
  draw(request: DrawRequest): Promise<DrawAnswer>;
  /** Claims what a new application needs, its key where it has one. Nothing is numbered. */
  register(request: RegisterRequest): Promise<RegisterAnswer>;
  /** A token for a new application, in the partition in which its key is kept. */
  newToken(key?: IdempotencyKey): Token;
  /**
   * Creates the counter of a sequence, unless there is one. `highest` is what the store had in `epoch`, the one that the
   * answer `missing` named before the look; where another has begun since, nobody draws from this counter. Default: the
   * present epoch, right only for an owner that nobody has used yet.
   * Rejects with Unavailable where the counter must have been lost alone: a new epoch is opened then.
   */
  seed(sequence: Sequence, highest: Highest, epoch?: number): Promise<void>;
  /**
   * Notes that the event of the keyed create is durable, so that a repetition need not publish it again. Best effort; of
   * no effect where the key has come to another event since.
   */
  confirm(scope: Token | 'applications', key: IdempotencyKey, eventId: string): Promise<void>;
}

export interface DrawRequest {
  readonly sequence: Sequence;
  /** How many consecutive numbers, 1 to 1,000. */
  readonly count: number;
  readonly key?: IdempotencyKey | undefined;
  /** The epoch named by the answer `unsure`, where the store has since been found not to know the key. */
  readonly keyAbsentIn?: number | undefined;
}

/** A number that was drawn and the event that carries it. */
export interface Drawn {
  /** The first of the consecutive numbers. */
  readonly first: number;
  /** A new one for what was drawn now. It begins with the epoch. */
  readonly eventId: string;
  readonly epoch: number;
  /** When it was drawn: milliseconds since 1970, UTC. */
  readonly at: number;
}

export type DrawAnswer =
  | (Drawn & { readonly status: 'drawn' })
  /** The key is known: `confirmed` tells whether its event is durable; if not, the same event is to be published. */
  | (Drawn & { readonly status: 'repeated'; readonly confirmed: boolean })
  /** The key is known with another body. */
  | { readonly status: 'conflict' }
  /** The sequence has no counter: look in the store, behind a fence, then `seed`. */
  | { readonly status: 'missing'; readonly epoch: number }
  | Unsure;

/**
 * Only the store can tell whether the key was used: it may have been before the present epoch, and all that was
 * published then is either stored by now or never will be. Look there, then draw with `keyAbsentIn`.
 */
export interface Unsure {
  readonly status: 'unsure';
  readonly epoch: number;
}

export interface RegisterRequest {
  /** The token that the application gets, unless its key is known; made by `newToken`. */
  readonly token: Token;
  readonly key?: IdempotencyKey | undefined;
  readonly keyAbsentIn?: number | undefined;
}

export type RegisterAnswer =
  | (Omit<Drawn, 'first'> & { readonly status: 'drawn'; readonly token: Token })
  | (Omit<Drawn, 'first'> & { readonly status: 'repeated'; readonly token: Token; readonly confirmed: boolean })
  | { readonly status: 'conflict' }
  | Unsure;
