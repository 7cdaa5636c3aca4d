/**
 * Applications, chats and messages as the store returns them. Times are milliseconds since 1970, UTC.
 *
 * A count has the rows of all counter generations (see counters.ts) up to `countedThrough`. Add to it what Counters has
 * of later generations. A store that counts in the transaction of its rows has no later generations.
 */
import type { Token } from './identifiers.ts';

export interface Application {
  readonly token: Token;
  readonly name: string;
  readonly chatsCount: number;
  readonly countedThrough: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface Chat {
  readonly number: number;
  readonly name: string;
  readonly messagesCount: number;
  readonly countedThrough: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface Message {
  readonly number: number;
  readonly content: string;
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

/** One page of rows. `more`: whether further rows follow it, in the order in which the store reads. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly more: boolean;
}

/** A list that has its own numbers and its own count: an application's chats or a chat's messages. */
export type Sequence =
  | { readonly kind: 'chats'; readonly token: Token }
  | { readonly kind: 'messages'; readonly token: Token; readonly chat: number };

/** A text for a sequence, as a map's key. Two different sequences never have the same text. */
export function sequenceKey(sequence: Sequence): string {
  return sequence.kind === 'chats' ? sequence.token : `${sequence.token}:${sequence.chat}`;
}
