import type { Token } from './identifiers.ts';

/**
 * PORT. Finds messages of one chat by their text.
 *
 * A query is plain text without operators, except that "double quotes" keep words together. A message matches where it
 * has every term of the query: as a word, the beginning of a word or a part of one; case and accents do not matter, and
 * punctuation counts as space. Best match first: the whole query as a phrase of whole words, then all terms as whole
 * words, then all as beginnings of words, then anywhere; the newer message first among equals.
 * A query without any term (only spaces or punctuation) matches nothing.
 * Never answers a message of another chat. Rejects with Unavailable where the index is away or too slow.
 */
export interface SearchIndex {
  search(request: SearchRequest): Promise<SearchPage>;
  /**
   * Puts documents in the index, replacing older versions of them; a version that is older than the one in the index
   * changes nothing. Resolves with what the index refuses for good.
   */
  index(documents: readonly SearchDocument[]): Promise<readonly RefusedDocument[]>;
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

export interface SearchHit {
  readonly number: number;
  readonly content: string;
}

export interface SearchPage {
  readonly hits: readonly SearchHit[];
  /** The position of the last hit, where more hits follow. */
  readonly next?: SearchPosition;
}

export interface SearchDocument {
  readonly token: Token;
  readonly chat: number;
  readonly number: number;
  readonly content: string;
  /** Counts the updates of the message, from 1. */
  readonly version: number;
}

export interface RefusedDocument {
  readonly document: SearchDocument;
  readonly reason: string;
}

/** The classes by which hits are ordered. */
export const SEARCH_RANK = { phrase: 0, words: 1, prefixes: 2, parts: 3 } as const;
