import {
  type Drawn,
  type Event,
  type IdempotencyKey,
  type MessageExtras,
  type MessageRate,
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
      /** The application's limit of messages; undefined: none. */
      readonly rate?: MessageRate | undefined;
    };

/**
 * `token`: of the application that was created, or that the create is in. `first`: the first number; 0 for an
 * application.
 */
export interface Accepted {
  readonly status: 'accepted';
  readonly token: Token;
  readonly first: number;
  /** Only for messages with a rate that were created now: how many more would fit. */
  readonly remaining?: number | undefined;
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

/** The event of a create for which `first` was drawn. */
export function eventOf(create: Create, token: Token, first: number, drawn: Omit<Drawn, 'first'>): Event {
  const event = plainEventOf(create, token, first, drawn);
  if (create.key !== undefined) event.key = create.key;
  return event;
}

/** Fields that the client did not give are left out: the event is the same as that of an earlier program then. */
function plainEventOf(create: Create, token: Token, first: number, drawn: Omit<Drawn, 'first'>): Event {
  const { eventId: id, epoch, at } = drawn;
  if (create.type === 'messages') {
    const { chat, contents, extras } = create;
    const event: Event = { type: 'messages', id, epoch, at, token, chat, first, contents };
    if (extras !== undefined) event.extras = [...extras];
    return event;
  }
  const { name, metadata } = create;
  const event: Event =
    create.type === 'application'
      ? { type: 'application', id, epoch, at, token, name }
      : { type: 'chat', id, epoch, at, token, number: first, name };
  if (metadata !== undefined) event.metadata = metadata;
  return event;
}
