import type { Message } from './entities.ts';
import type { Token } from './identifiers.ts';
import type { PlacedMessage } from './store.ts';

/**
 * PORT. Finds messages by their text, of one chat or of all chats of an application.
 *
 * A query is plain text without operators, except that quotation marks keep words together. A message matches if its
 * folded text (see foldText) has every term of the query: as a word, the beginning of a word or a part of one. In the
 * order `best` the best rank comes first (see rankOf): the whole query as a phrase of whole words, then all terms as
 * whole words, then all as beginnings of words, then anywhere. Among equals, and in the order `newest`, the later one
 * comes first (see SearchPosition). A query of punctuation alone searches for that punctuation in the same way. A query
 * without any term (only spaces or invisible characters) matches nothing.
 *
 * An index returns the positions of hits. The caller reads the messages from the store and checks them, because they
 * may have changed. An index may also return messages that do not match (in the order `best` after the others), or that
 * the filters exclude. It never leaves out an indexed message that matches, and never returns a message of another chat
 * or application. Rejects with Unavailable if the index is unreachable or does not find the whole page in time. It never
 * returns a part of a page.
 */
export interface SearchIndex {
  search(request: SearchRequest): Promise<SearchPage>;
}

export type SearchOrder = 'best' | 'newest';

export interface SearchRequest {
  readonly token: Token;
  /** Undefined: all chats of the application. */
  readonly chat?: number | undefined;
  /** Only messages of these chats, at most USER_TOKEN_CHATS_MAX. Default: all. */
  readonly chats?: readonly number[] | undefined;
  readonly query: string;
  readonly limit: number;
  /** Default `best`. */
  readonly order?: SearchOrder | undefined;
  /** Only messages of this sender. */
  readonly senderId?: string | undefined;
  /** Only messages created at or after `from`, and before `to`: milliseconds since 1970. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** The page begins after this hit. */
  readonly after?: SearchPosition | undefined;
}

/**
 * The position of a hit in the results of a query. Lower ranks come first (in the order `newest` all ranks are 0).
 * Within a rank, in a search of one chat higher numbers come first; in a search of an application later `createdAt`
 * first, then higher numbers, then higher chats.
 */
export interface SearchPosition {
  readonly rank: number;
  /** 0 in a search of one chat: its order does not need it. */
  readonly createdAt: number;
  readonly chat: number;
  readonly number: number;
}

/** Negative if `a` comes before `b` in the results of a query, positive if after it, 0 if they are the same hit. */
export function comparePositions(a: SearchPosition, b: SearchPosition): number {
  return a.rank - b.rank || b.createdAt - a.createdAt || b.number - a.number || b.chat - a.chat;
}

/** Whether a message has the sender and the time that a search is limited to. */
export function passesFilters(
  { senderId, createdAt }: Pick<Message, 'senderId' | 'createdAt'>,
  request: Pick<SearchRequest, 'senderId' | 'from' | 'to'>,
): boolean {
  const { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = request;
  return (request.senderId === undefined || senderId === request.senderId) && createdAt >= from && createdAt < to;
}

export interface SearchPage {
  readonly hits: readonly SearchPosition[];
  /** Whether more hits follow the last one of this page. */
  readonly more: boolean;
  /** Set by an index that reads the store itself: the messages of the hits that match, in their present state. */
  readonly rows?: readonly PlacedMessage[];
}

/** A message as it is written to a search index outside the store. */
export interface SearchDocument {
  readonly token: Token;
  readonly chat: number;
  readonly number: number;
  /** Undefined: the message was deleted or removed. The index keeps only its version, so that no older one comes back. */
  readonly content: string | undefined;
  readonly senderId?: string | undefined;
  /** When the message was created: milliseconds since 1970, UTC. */
  readonly createdAt: number;
  /**
   * Counts the message's changes, from 1; REMOVED_VERSION if its row was removed. The index keeps the document with the
   * higher version.
   */
  readonly version: number;
}

/** The version of the document of a message whose row was removed: above that of every row. */
export const REMOVED_VERSION = 2 ** 52;

export interface RefusedDocument {
  readonly document: SearchDocument;
  readonly reason: string;
}
