import type { estypes } from '@elastic/elasticsearch';
import type { SearchDocument, SearchQuery } from '@parley/domain';
import type { Bytes } from './bytes.ts';
import type { Keys } from './keys.ts';

export type Query = NonNullable<estypes.QueryDslQueryContainer>;

/**
 * How one version of the mapping writes and searches documents. A form is a folded text that a hit must contain: words
 * or parts of words (see SearchQuery).
 */
export interface Layout {
  readonly keys: Keys;
  /** Whether documents have their times and senders. Only then hits can be filtered, and an application be searched. */
  readonly hasDetails: boolean;
  /**
   * Writes a document's JSON. That of a deleted message is `{}`: nothing finds it, and it keeps its version for ever. The
   * version of a document that is itself deleted would be forgotten after a minute (`index.gc_deletes`).
   */
  write(document: SearchDocument, out: Bytes): void;
  parse(query: string): SearchQuery;
  /** A query for texts that contain this form. No character of a form is an operator. */
  contains(form: string): Query;
  /**
   * A query for texts that may have all these forms, among those not indexed exactly. The store must check the hits.
   */
  candidates?(forms: readonly string[]): Query;
  /** The name of the alias that searches read, made from the configured alias. */
  searchAlias(alias: string): string;
  /** The alias for writes to an index. Only a write to an alias can forbid Elasticsearch to create a missing index. */
  writeAlias(index: string): string;
}
