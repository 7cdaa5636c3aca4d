import type { Message } from './entities.ts';
import type { Token } from './identifiers.ts';

/**
 * PORT. Finds messages of one chat by their text.
 *
 * A query is plain text without operators, except that quotation marks keep words together. A message matches where its
 * folded text (see foldText) has every term of the query: as a word, the beginning of a word or a part of one. Best rank
 * first (see rankOf): the whole query as a phrase of whole words, then all terms as whole words, then all as beginnings
 * of words, then anywhere; the newer message first among equals. A query of punctuation alone looks for that punctuation
 * in the same way. A query without any term (only spaces, or what nobody sees) matches nothing.
 *
 * An index answers where hits are; their contents are in the store, which decides: what is found here may have changed
 * meanwhile, and an index may also answer messages that do not match, behind the others. It never leaves one out that
 * matches and is indexed, and never answers a message of another chat.
 * Rejects with Unavailable where the index is away, or does not find the whole page in time: never a part of it.
 */
export interface SearchIndex {
  search(request: SearchRequest): Promise<SearchPage>;
}

export interface SearchRequest {
  readonly token: Token;
  readonly chat: number;
  readonly query: string;
  readonly limit: number;
  /** Goes on after this hit. */
  readonly after?: SearchPosition | undefined;
}

/** Where a hit stands in the order of a query's answers. Lower ranks are better; equal ranks go by falling number. */
export interface SearchPosition {
  readonly rank: number;
  readonly number: number;
}

export interface SearchPage {
  readonly hits: readonly SearchPosition[];
  /** Whether more hits follow the last one. */
  readonly more: boolean;
  /** Where the index reads the store itself: those of the hits that match, as they are now. */
  readonly rows?: readonly Message[];
}

/** A message as an index outside the store takes it. */
export interface SearchDocument {
  readonly token: Token;
  readonly chat: number;
  readonly number: number;
  readonly content: string;
  /** Milliseconds since 1970, UTC. */
  readonly createdAt: number;
  /** Counts the updates of the message, from 1: of two documents of a message the index keeps the higher version. */
  readonly version: number;
}

export interface RefusedDocument {
  readonly document: SearchDocument;
  readonly reason: string;
}
