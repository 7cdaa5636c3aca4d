import type { LimitName } from './access.ts';
import type {
  Application,
  Chat,
  InboxPage,
  InboxPosition,
  Message,
  Page,
  PageRequest,
  ReadMark,
  Sequence,
} from './entities.ts';
import type { Rejection } from './event-log.ts';
import type { Event } from './events.ts';
import type { Token } from './identifiers.ts';
import type { MessagePage } from './message-json.ts';

/**
 * PORT. Keeps applications, chats and messages.
 *
 * Every method rejects with Unavailable if the database is unreachable or too slow. Texts are kept byte for byte.
 *
 * Deleting: a deleted application, chat or message keeps its row without its contents, so its number is never given
 * again. Reading or changing it rejects with Gone; what is below it does not exist any more, at once. Lists leave it out.
 */
export interface Store {
  /**
   * Stores events in order, in one durable transaction for each partition. Events that can never be stored are returned
   * in `rejected`; those whose epoch of the numbers has ended (see `fence`) as late.
   * Idempotent by event id: an event that was stored before is skipped and counted in `repeated`. Its rows never count
   * twice. An event below a deleted application or chat, or whose messages were removed already, is not stored: it is
   * counted in `discarded`.
   * Atomic for an event: all of its rows or none.
   */
  append(events: readonly Event[]): Promise<Appended>;
  /**
   * Makes a commit of its own in the partition and returns the partition's `seq`: how many transactions have changed
   * it. If `epoch` is above 0, no event of an older epoch of the numbers can be stored there any more. Idempotent.
   */
  fence(partition: number, epoch: number): Promise<number>;

  /** Rejects with Gone if it was deleted, as `chat` and `message` do. */
  application(token: Token): Promise<Application | undefined>;
  /** In the order of the applications' tokens. */
  applications(page: PageRequest<Token>): Promise<Page<Application>>;
  chat(token: Token, chat: number): Promise<Chat | undefined>;
  /**
   * In the order of the chats' numbers. An empty page for an unknown application. `only`: no other chats than these, at
   * most USER_TOKEN_CHATS_MAX.
   */
  chats(token: Token, page: PageRequest<number>, only?: readonly number[]): Promise<Page<Chat>>;
  message(token: Token, chat: number, message: number): Promise<Message | undefined>;
  /** The messages at these places that exist, in any order. At most PAGE_LIMIT_MAX places. */
  messagesAt(token: Token, places: readonly MessagePlace[]): Promise<readonly PlacedMessage[]>;
  /** In the order of the messages' numbers. An empty page for an unknown chat. */
  messages(token: Token, chat: number, page: PageRequest<number>): Promise<MessagePage>;

  /**
   * Changes what is given and returns the changed row; undefined if there is none. Without `versions` the last writer
   * wins. `updatedAt` never goes back, whatever the clocks of several processes say. Rejects with Gone if it was deleted,
   * with VersionConflict if the row's version is none of `versions`. If it is not known whether a change with `versions`
   * was committed, it rejects with Unavailable and does not try again.
   */
  changeApplication(token: Token, change: ApplicationChange): Promise<Application | undefined>;
  changeChat(token: Token, chat: number, change: OwnerChange): Promise<Chat | undefined>;
  /**
   * As the others. Search finds the new content after a while. Rejects with NotYours if the message has another sender
   * than `by`, or none; with SenderFixed if it has another than `senderId`. Gone is told first, then NotYours, then
   * VersionConflict, then SenderFixed.
   */
  changeMessage(token: Token, chat: number, message: number, change: MessageChange): Promise<Message | undefined>;

  /**
   * Deletes it and returns true; false if there is none. True again if it was deleted before, whatever `versions` says.
   * Rejects with VersionConflict as a change does. What is below is removed later (see Purge), but does not exist any
   * more once this resolves. With `by` it rejects with NotYours if the message has another sender, or none.
   */
  deleteApplication(token: Token, versions?: readonly number[]): Promise<boolean>;
  deleteChat(token: Token, chat: number, versions?: readonly number[]): Promise<boolean>;
  deleteMessage(
    token: Token,
    chat: number,
    message: number,
    versions?: readonly number[],
    by?: string,
  ): Promise<boolean>;

  /**
   * A page of the inbox: the application's chats, the one with the latest message first, at most 2 s behind. A chat
   * without messages stands at its creation. An empty page for an unknown application. `only`: no other chats than these,
   * at most USER_TOKEN_CHATS_MAX.
   */
  inbox(token: Token, limit: number, after?: InboxPosition, only?: readonly number[]): Promise<InboxPage>;
  /**
   * Records how far a user has read, and returns what is recorded: a mark never goes back. Undefined if there is no such
   * chat. Rejects with Gone if it was deleted, with BeyondLastMessage if no message of this number was given.
   */
  markRead(token: Token, chat: number, userId: string, number: number): Promise<ReadMark | undefined>;
  /** In the order of the users' ids. An empty page for an unknown chat. */
  readMarks(token: Token, chat: number, page: PageRequest<string>): Promise<Page<ReadMark, string>>;
  /**
   * For each of the chats, in their order, how many messages of others a user has not read: exact up to
   * UNREAD_COUNT_MAX. At most PAGE_LIMIT_MAX chats.
   */
  unread(token: Token, userId: string, chats: readonly number[]): Promise<readonly number[]>;

  /**
   * The highest number that was stored in a sequence, deleted and removed ones included; undefined if its application or
   * chat is not stored or was deleted. Rejects with
   * Unavailable if the read sees a state older than `seq`, the number of changes to the sequence's partition.
   */
  highest(sequence: Sequence, seq?: number): Promise<Highest | undefined>;
  /**
   * Rejects with Unavailable if reads see a state older than `seq`, the number of changes to the application's
   * partition.
   */
  reached(token: Token, seq: number): Promise<void>;
  /**
   * The create that is stored for an idempotency key, if the key was used within 24 hours. Undefined also if `sequence`,
   * in which it was created, is not there any more.
   */
  keyedCreate(scope: Token | 'applications', hash: string, sequence?: Sequence): Promise<KeyedCreate | undefined>;
  /** Resolves if the database answers and accepts writes. */
  ping(): Promise<void>;
}

export interface OwnerChange {
  readonly name?: string | undefined;
  /** Compact JSON; null: removed. */
  readonly metadata?: string | null | undefined;
  /** The change is made only if the row has one of these versions. */
  readonly versions?: readonly number[] | undefined;
}

export interface ApplicationChange extends OwnerChange {
  /** Null: messages are kept. */
  readonly retentionDays?: number | null | undefined;
  /** Null: the installation's default. */
  readonly limits?: { readonly [Name in LimitName]?: number | null | undefined } | undefined;
}

export interface MessageChange extends Omit<OwnerChange, 'name'> {
  readonly content?: string | undefined;
  /** The sender that the message must have. */
  readonly senderId?: string | undefined;
  /** Only this sender's message is changed. */
  readonly by?: string | undefined;
}

export interface MessagePlace {
  readonly chat: number;
  readonly number: number;
}

export interface PlacedMessage extends Message {
  readonly chat: number;
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
  /** How many of the events were not stored because their application, chat or messages were deleted or removed. */
  readonly discarded: number;
  readonly rejected: readonly Rejection[];
  /** Rows that the store has not added to its own counts: add them to Counters, each under its counter generation. */
  readonly uncounted: readonly Uncounted[];
}

/** The new rows of a counter generation, counted by sequence. All sequences are in one partition. */
export interface Uncounted {
  readonly generation: number;
  readonly deltas: readonly CountDelta[];
}

/** How many rows a sequence has gained; lost, if negative. */
export interface CountDelta {
  readonly sequence: Sequence;
  readonly count: number;
}
