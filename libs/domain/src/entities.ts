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

/**
 * One page by key: rows above `after`, or the last rows below `before`, at most `limit`, always ascending.
 * At most one of the two is given.
 */
export interface PageRequest<Key> {
  readonly limit: number;
  readonly after?: Key;
  readonly before?: Key;
}

/** `more`: whether rows remain beyond this page in the direction of the request. */
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
