import type { Token } from './identifiers.ts';

/**
 * What the store answers. Times are milliseconds since 1970, UTC.
 * A count is exact as of `countedThrough`, a generation of the counters: what belongs to later generations is still
 * waiting in Counters and is to be added. Where the store counts in the transaction of the rows, nothing ever waits.
 */
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

/** `asc` is from the lowest key to the highest. */
export type Order = 'asc' | 'desc';

/**
 * One page by key: with `after` the lowest `limit` keys above it, with `before` the highest `limit` keys below it, with
 * neither the first page of the order. At most one of the two is given. `order` (`asc` by default) is also the order in
 * which the rows are answered.
 */
export interface PageRequest<Key> {
  readonly limit: number;
  readonly after?: Key;
  readonly before?: Key;
  readonly order?: Order;
}

/** The order in which the keys of a page are found: upwards from `after`, downwards from `before`. */
export function readingOrder({ after, before, order = 'asc' }: PageRequest<unknown>): Order {
  if (before !== undefined) return 'desc';
  return after === undefined ? order : 'asc';
}

/** The page that `found` are: rows in reading order, one more than asked for where there are more. */
export function pageOf<Row>(request: PageRequest<unknown>, found: readonly Row[]): Page<Row> {
  const rows = found.slice(0, request.limit);
  if (readingOrder(request) !== (request.order ?? 'asc')) rows.reverse();
  return { rows, more: found.length > request.limit };
}

/** `more`: whether rows remain beyond this page in the reading order of the request. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly more: boolean;
}

/** What numbers are drawn from and what is counted: an application's chats or a chat's messages. */
export type Sequence =
  | { readonly kind: 'chats'; readonly token: Token }
  | { readonly kind: 'messages'; readonly token: Token; readonly chat: number };

/** A text that is the same for the same sequence and for no other. */
export function sequenceKey(sequence: Sequence): string {
  return sequence.kind === 'chats' ? sequence.token : `${sequence.token}:${sequence.chat}`;
}
