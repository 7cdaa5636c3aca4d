import type { Application, Chat, Message, Page, PageRequest, Sequence } from './entities.ts';
import type { Rejection } from './event-log.ts';
import type { Event } from './events.ts';
import type { Token } from './identifiers.ts';

/**
 * PORT. Keeps applications, chats and messages.
 *
 * Every method rejects with Unavailable if the database is unreachable or too slow. Texts are kept byte for byte.
 */
export interface Store {
  /**
   * Stores events in order, in one durable transaction for each partition. Events that can never be stored are returned
   * in `rejected`; those whose epoch of the numbers has ended (see `fence`) as late.
   * Idempotent by event id: an event that was stored before is skipped and counted in `repeated`. Its rows never count
   * twice.
   * Atomic for an event: all of its rows or none.
   */
  append(events: readonly Event[]): Promise<Appended>;
  /**
   * Makes a commit of its own in the partition and returns the partition's `seq`: how many transactions have changed
   * it. If `epoch` is above 0, no event of an older epoch of the numbers can be stored there any more. Idempotent.
   */
  fence(partition: number, epoch: number): Promise<number>;

  application(token: Token): Promise<Application | undefined>;
  /** In the order of the applications' tokens. */
  applications(page: PageRequest<Token>): Promise<Page<Application>>;
  chat(token: Token, chat: number): Promise<Chat | undefined>;
  /** In the order of the chats' numbers. An empty page for an unknown application. */
  chats(token: Token, page: PageRequest<number>): Promise<Page<Chat>>;
  message(token: Token, chat: number, message: number): Promise<Message | undefined>;
  /** The messages with these numbers that exist, in any order. At most PAGE_LIMIT_MAX numbers. */
  messagesAt(token: Token, chat: number, numbers: readonly number[]): Promise<readonly Message[]>;
  /** In the order of the messages' numbers. An empty page for an unknown chat. */
  messages(token: Token, chat: number, page: PageRequest<number>): Promise<Page<Message>>;

  /**
   * Changes the name and returns the changed row; undefined if there is none. The last writer wins. `updatedAt` never
   * goes back, whatever the clocks of several processes say.
   */
  renameApplication(token: Token, name: string): Promise<Application | undefined>;
  renameChat(token: Token, chat: number, name: string): Promise<Chat | undefined>;
  /**
   * Changes the content and returns the changed row; undefined if there is none. Search finds the new one after a
   * while.
   */
  rewriteMessage(token: Token, chat: number, message: number, content: string): Promise<Message | undefined>;

  /**
   * The highest number that is stored in a sequence; undefined if its application or chat is not stored. Rejects with
   * Unavailable if the read sees a state older than `seq`, the number of changes to the sequence's partition.
   */
  highest(sequence: Sequence, seq?: number): Promise<Highest | undefined>;
  /**
   * Rejects with Unavailable if reads see a state older than `seq`, the number of changes to the application's
   * partition.
   */
  reached(token: Token, seq: number): Promise<void>;
  /** The create that is stored for an idempotency key, if the key was used within 24 hours. */
  keyedCreate(scope: Token | 'applications', hash: string): Promise<KeyedCreate | undefined>;
  /** Resolves if the database answers and accepts writes. */
  ping(): Promise<void>;
}

/** The highest stored number of a sequence, 0 if it is empty. Otherwise also the epoch and the time of its draw. */
export interface Highest {
  readonly number: number;
  readonly epoch?: number;
  /** When the number was drawn: milliseconds since 1970, UTC. */
  readonly at?: number;
}

/** A stored create that came with an Idempotency-Key. */
export interface KeyedCreate {
  readonly eventId: string;
  /** SHA-256 of the request's body, in hexadecimal. */
  readonly bodyHash: string;
  /** The application that was created, or that has the new chat or messages. */
  readonly token: Token;
  /** The first number that the create got; 0 for an application. */
  readonly first: number;
  readonly epoch: number;
  /** When the number was drawn: milliseconds since 1970, UTC. The idempotency key is valid for 24 hours from then. */
  readonly at: number;
}

export interface Appended {
  /** How many rows were stored now. */
  readonly rows: number;
  /** How many of the events had been stored before. */
  readonly repeated: number;
  readonly rejected: readonly Rejection[];
  /** Rows that the store has not added to its own counts: add them to Counters, each under its counter generation. */
  readonly uncounted: readonly Uncounted[];
}

/** The new rows of a counter generation, counted by sequence. All sequences are in one partition. */
export interface Uncounted {
  readonly generation: number;
  readonly deltas: readonly CountDelta[];
}

/** How many rows a sequence has gained. */
export interface CountDelta {
  readonly sequence: Sequence;
  readonly count: number;
}
