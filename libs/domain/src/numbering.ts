import type { Sequence } from './entities.ts';
import type { IdempotencyKey } from './events.ts';
import type { Token } from './identifiers.ts';

/**
 * PORT. Gives out the numbers of chats and messages.
 *
 * Atomic: a draw of n numbers gets n consecutive ones that no other draw gets, in any process.
 * Order: draws of one sequence that one process makes are served in the order in which it made them.
 * Idempotent: a draw with an idempotency key that was seen within 24 hours draws nothing and tells what was drawn
 * then; the key and the number are written in one step. `seed` never lowers or raises a counter that exists.
 * Errors: every method rejects with Unavailable within its deadline, and after a timeout a number may have been
 * spent: a gap, never a repetition.
 */
export interface Numbering {
  draw(request: DrawRequest): Promise<DrawAnswer>;
  /** Claims what a new application needs, its key where it has one. Nothing is numbered. */
  register(request: RegisterRequest): Promise<RegisterAnswer>;
  /** Creates the counter of a sequence whose highest number is `highest` (0: none yet), unless there is one. */
  seed(sequence: Sequence, highest: number): Promise<void>;
  /** Notes that the keyed create is durable, so that a repetition need not publish again. Best effort. */
  confirm(scope: Token | 'applications', key: IdempotencyKey): Promise<void>;
}

export interface DrawRequest {
  readonly sequence: Sequence;
  /** How many consecutive numbers, 1 to 1,000. */
  readonly count: number;
  readonly eventId: string;
  readonly key?: IdempotencyKey | undefined;
}

/** A number that was drawn and the event that carries it. */
export interface Drawn {
  /** The first of the consecutive numbers. */
  readonly first: number;
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
  /** The sequence has no counter: look in the store, then `seed`. */
  | { readonly status: 'missing' };

export interface RegisterRequest {
  /** The token that the application gets, unless its key is known. */
  readonly token: Token;
  readonly eventId: string;
  readonly key?: IdempotencyKey | undefined;
}

export type RegisterAnswer =
  | (Omit<Drawn, 'first'> & { readonly status: 'drawn'; readonly token: Token })
  | (Omit<Drawn, 'first'> & { readonly status: 'repeated'; readonly token: Token; readonly confirmed: boolean })
  | { readonly status: 'conflict' };
