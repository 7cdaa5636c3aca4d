import type { Application, Chat, Message, Page, PageRequest, Sequence } from './entities.ts';
import type { Rejection } from './event-log.ts';
import type { Event } from './events.ts';
import type { Token } from './identifiers.ts';

/**
 * PORT. Keeps applications, chats and messages.
 *
 * Every method rejects with Unavailable where the database is away or too slow. Texts are kept byte for byte.
 */
export interface Store {
  /**
   * Stores events in order, in one durable transaction for each partition (what can never be stored is left out and
   * answered).
   * Idempotent by event id: an event whose rows are stored already is skipped and told in `repeated`.
   * Atomic for an event: all of its rows or none. Counts are never double, whatever is repeated.
   * Events of an epoch that has ended (`fence`) are rejected as late.
   */
  append(events: readonly Event[]): Promise<Appended>;
  /**
   * Commits something of its own in the partition and answers its `seq`: how many transactions have changed it. With an
   * `epoch` above 0, no event of an older one is stored there any more, by anyone. Idempotent.
   */
  fence(partition: number, epoch: number): Promise<number>;

  application(token: Token): Promise<Application | undefined>;
  /** By token. */
  applications(page: PageRequest<Token>): Promise<Page<Application>>;
  chat(token: Token, chat: number): Promise<Chat | undefined>;
  /** By number, for an unknown application an empty page. */
  chats(token: Token, page: PageRequest<number>): Promise<Page<Chat>>;
  message(token: Token, chat: number, message: number): Promise<Message | undefined>;
  /** Those of the numbers that there are, in any order; at most PAGE_LIMIT_MAX numbers. */
  messagesAt(token: Token, chat: number, numbers: readonly number[]): Promise<readonly Message[]>;
  /** By number, for an unknown chat an empty page. */
  messages(token: Token, chat: number, page: PageRequest<number>): Promise<Page<Message>>;

  /**
   * Changes the name and answers the changed row; undefined where there is none. The last writer wins. `updatedAt` never
   * goes back, whatever the clocks say.
   */
  renameApplication(token: Token, name: string): Promise<Application | undefined>;
  renameChat(token: Token, chat: number, name: string): Promise<Chat | undefined>;
  /** Search shows the new content instead of the old one, in time. */
  rewriteMessage(token: Token, chat: number, message: number, content: string): Promise<Message | undefined>;

  /**
   * The highest number that is stored in a sequence; undefined where its owner is not stored. Rejects with Unavailable
   * where the state that is read is older than `seq` of the sequence's partition.
   */
  highest(sequence: Sequence, seq?: number): Promise<Highest | undefined>;
  /** Rejects with Unavailable where the state that is read is older than `seq` of the application's partition. */
  reached(token: Token, seq: number): Promise<void>;
  /** What is stored under an idempotency key that was used within 24 hours. */
  keyedCreate(scope: Token | 'applications', hash: string): Promise<KeyedCreate | undefined>;
  /** Resolves where the database answers and can be written. */
  ping(): Promise<void>;
}

/** 0 where the sequence is empty; else also who has it. */
export interface Highest {
  readonly number: number;
  /** The epoch in which it was drawn. */
  readonly epoch?: number;
  /** When it was drawn: milliseconds since 1970, UTC. */
  readonly at?: number;
}

/** A create that came with an Idempotency-Key and is stored. */
export interface KeyedCreate {
  readonly eventId: string;
  /** SHA-256 of the request's body, in hexadecimal. */
  readonly bodyHash: string;
  /** The application that was created, or in which something was. */
  readonly token: Token;
  /** The first number that was created; 0 for an application. */
  readonly first: number;
  readonly epoch: number;
  /** When it was drawn: milliseconds since 1970, UTC. The key counts for 24 hours from then. */
  readonly at: number;
}

export interface Appended {
  /** How many rows are new. */
  readonly rows: number;
  /** How many events were stored before. */
  readonly repeated: number;
  readonly rejected: readonly Rejection[];
  /** What the store has not added to its counts itself: to be added to Counters, each part under its generation. */
  readonly uncounted: readonly Uncounted[];
}

/** Of sequences in one partition. */
export interface Uncounted {
  readonly generation: number;
  readonly deltas: readonly CountDelta[];
}

/** How many rows a sequence has gained. */
export interface CountDelta {
  readonly sequence: Sequence;
  readonly count: number;
}
