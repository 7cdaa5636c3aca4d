import type { Message } from './entities.ts';
import type { Token } from './identifiers.ts';

/**
 * PORT. Finds messages of one chat by their text.
 *
 * A query is plain text without operators, except that quotation marks keep words together. A message matches if its
 * folded text (see foldText) has every term of the query: as a word, the beginning of a word or a part of one. The best
 * rank comes first (see rankOf): the whole query as a phrase of whole words, then all terms as whole words, then all as
 * beginnings of words, then anywhere. Among equals the newer message comes first. A query of punctuation alone searches
 * for that punctuation in the same way. A query without any term (only spaces or invisible characters) matches nothing.
 *
 * An index returns the positions of hits. The caller reads the messages from the store and checks them, because they
 * may have changed. An index may also return messages that do not match, after the others. It never leaves out an
 * indexed message that matches, and never returns a message of another chat. Rejects with Unavailable if the index is
 * unreachable or does not find the whole page in time. It never returns a part of a page.
 */
export interface SearchIndex {
  search(request: SearchRequest): Promise<SearchPage>;
}

export interface SearchRequest {
  readonly token: Token;
  readonly chat: number;
  readonly query: string;
  readonly limit: number;
  /** The page begins after this hit. */
  readonly after?: SearchPosition | undefined;
}

/**
 * The position of a hit in the results of a query. Lower ranks come first; within a rank, higher numbers come first.
 */
export interface SearchPosition {
  readonly rank: number;
  readonly number: number;
}

export interface SearchPage {
  readonly hits: readonly SearchPosition[];
  /** Whether more hits follow the last one of this page. */
  readonly more: boolean;
  /** Set by an index that reads the store itself: the messages of the hits that match, in their present state. */
  readonly rows?: readonly Message[];
}

/** A message as it is written to a search index outside the store. */
export interface SearchDocument {
  readonly token: Token;
  readonly chat: number;
  readonly number: number;
  readonly content: string;
  /** When the message was created: milliseconds since 1970, UTC. */
  readonly createdAt: number;
  /** Counts the message's updates, from 1. The index keeps the document with the higher version. */
  readonly version: number;
}

export interface RefusedDocument {
  readonly document: SearchDocument;
  readonly reason: string;
}
