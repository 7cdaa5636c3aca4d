/**
 * Applications, chats and messages as the store returns them. Times are milliseconds since 1970, UTC.
 *
 * A count has the rows of all counter generations (see counters.ts) up to `countedThrough`. Add to it what Counters has
 * of later generations. A store that counts in the transaction of its rows has no later generations.
 */
import type { ApplicationLimits } from './access.ts';
import type { Token } from './identifiers.ts';

export interface Application {
  readonly token: Token;
  readonly name: string;
  /** The client's own data, as compact JSON (see metadata.ts). */
  readonly metadata?: string | undefined;
  /** Messages that were accepted more than so many days ago are removed; undefined: they are kept. */
  readonly retentionDays?: number | undefined;
  /** Those that differ from the installation's; undefined if none does. */
  readonly limits?: ApplicationLimits | undefined;
  /** 1, and one more with each change of the row. Counts do not change it. */
  readonly version: number;
  readonly chatsCount: number;
  readonly countedThrough: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface Chat {
  readonly number: number;
  readonly name: string;
  readonly metadata?: string | undefined;
  /** 1, and one more with each change of the row. Counts do not change it. */
  readonly version: number;
  readonly messagesCount: number;
  readonly countedThrough: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface Message {
  readonly number: number;
  readonly content: string;
  readonly senderId?: string | undefined;
  readonly metadata?: string | undefined;
  /** 1, and one more with each change. */
  readonly version: number;
  /** When it was accepted, or the time that the client gave for an older message that was moved in. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** `asc` is from the lowest key to the highest, `desc` from the highest to the lowest. */
export type Order = 'asc' | 'desc';

/**
 * A request for one page of rows, by key. At most one of `after` and `before` is given:
 * - `after`: the lowest `limit` keys above it.
 * - `before`: the highest `limit` keys below it.
 * - neither: the first page of the order.
 * The rows are returned in `order`, `asc` by default.
 */
export interface PageRequest<Key> {
  readonly limit: number;
  readonly after?: Key;
  readonly before?: Key;
  readonly order?: Order;
}

/**
 * The order in which the store reads a page's rows: upwards from `after`, downwards from `before`, else the page's own.
 */
export function readingOrder({ after, before, order = 'asc' }: PageRequest<unknown>): Order {
  if (before !== undefined) return 'desc';
  return after === undefined ? order : 'asc';
}

/**
 * Makes a page of the rows `found`. They are in reading order, with one row more than the limit if more rows follow.
 */
export function pageOf<Row>(request: PageRequest<unknown>, found: readonly Row[]): Page<Row> {
  const rows = found.slice(0, request.limit);
  if (readingOrder(request) !== (request.order ?? 'asc')) rows.reverse();
  return { rows, more: found.length > request.limit };
}

/**
 * One page of rows, without deleted ones. `more`: whether further rows may follow it, in the order in which the store
 * reads. A page ends after PAGE_ROWS_READ_MAX rows, deleted ones included: then it is shorter than its limit, perhaps
 * empty, and `through` is the key of the last row that was read.
 */
export interface Page<Row, Key = unknown> {
  readonly rows: readonly Row[];
  readonly more: boolean;
  readonly through?: Key;
}

/** What can have a list: an application, or one of its chats. */
export interface Owner {
  readonly token: Token;
  readonly chat?: number;
}

/** How far a user has read a chat. */
export interface ReadMark {
  readonly userId: string;
  /** The number of the last message that was read. */
  readonly number: number;
  readonly updatedAt: number;
}

/** A chat in the inbox: the application's chats, the one with the latest message first. */
export interface InboxChat extends Chat {
  /** The chat's last message that is not deleted; undefined if it has none. */
  readonly lastMessage?: LastMessage | undefined;
}

export type LastMessage = Pick<Message, 'number' | 'content' | 'senderId' | 'createdAt'>;

/** A place in the inbox. `at`: when the chat's last message was accepted, in milliseconds since 1970, UTC. */
export interface InboxPosition {
  readonly at: number;
  readonly chat: number;
}

export interface InboxPage {
  readonly rows: readonly InboxChat[];
  /** The next page begins after this position; undefined if there is none. */
  readonly next?: InboxPosition | undefined;
}

/** A list that has its own numbers and its own count: an application's chats or a chat's messages. */
export type Sequence =
  | { readonly kind: 'chats'; readonly token: Token }
  | { readonly kind: 'messages'; readonly token: Token; readonly chat: number };

/** A text for a sequence, as a map's key. Two different sequences never have the same text. */
export function sequenceKey(sequence: Sequence): string {
  return sequence.kind === 'chats' ? sequence.token : `${sequence.token}:${sequence.chat}`;
}
