import {
  type Event,
  type IdempotencyKey,
  type MessageExtras,
  NotFound,
  type Sequence,
  type Token,
} from '@parley/domain';

/**
 * What a client asks for. Messages get consecutive numbers, all or none. `metadata` is compact JSON. `extras` has one for
 * each message; it is left out if no message has any.
 */
export type Create =
  | {
      readonly type: 'application';
      readonly name: string;
      readonly metadata?: string | undefined;
      readonly key?: IdempotencyKey | undefined;
    }
  | {
      readonly type: 'chat';
      readonly token: Token;
      readonly name: string;
      readonly metadata?: string | undefined;
      readonly key?: IdempotencyKey | undefined;
    }
  | {
      readonly type: 'messages';
      readonly token: Token;
      readonly chat: number;
      readonly contents: string[];
      readonly extras?: readonly MessageExtras[] | undefined;
      readonly key?: IdempotencyKey | undefined;
    };

/**
 * `token`: of the application that was created, or that the create is in. `first`: the first number; 0 for an
 * application.
 */
export interface Accepted {
  readonly status: 'accepted';
  readonly token: Token;
  readonly first: number;
}

export interface Refused {
  readonly status: 'refused';
  readonly error: unknown;
}

export type Outcome = Accepted | Refused;

/** Called with the outcome of the create at `index`: once for each create, in any order. Must not throw. */
export type Settled = (index: number, outcome: Outcome) => void;

export function sequenceOf(create: Exclude<Create, { type: 'application' }>): Sequence {
  const { token } = create;
  return create.type === 'chat' ? { kind: 'chats', token } : { kind: 'messages', token, chat: create.chat };
}

/** The error of a create in a sequence whose application or chat is unknown or was deleted. */
export function unknownOwner({ kind }: Sequence): NotFound {
  return new NotFound(kind === 'chats' ? 'application' : 'chat');
}

/**
 * Returns the sequence of what a new application or chat will contain; undefined for messages, which contain nothing.
 */
export function ownSequenceOf(event: Event): Sequence | undefined {
  const { token } = event;
  if (event.type === 'application') return { kind: 'chats', token };
  return event.type === 'chat' ? { kind: 'messages', token, chat: event.number } : undefined;
}
