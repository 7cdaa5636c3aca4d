import type { estypes } from '@elastic/elasticsearch';
import type { SearchDocument, SearchQuery } from '@parley/domain';
import type { Bytes } from './bytes.ts';
import type { Keys } from './keys.ts';

export type Query = NonNullable<estypes.QueryDslQueryContainer>;

/** How documents of one version of the mapping are written and searched. */
export interface Layout {
  readonly keys: Keys;
  /** Appends the document as a JSON object. */
  write(document: SearchDocument, out: Bytes): void;
  parse(query: string): SearchQuery;
  /** A query for texts that have this form. Nothing in a form is an operator. */
  contains(form: string): Query;
  /** A query for texts that are not indexed exactly and may have all of these forms. The store must check the hits. */
  candidates?(forms: readonly string[]): Query;
  /** The alias that searches read, derived from the configured name. */
  searchAlias(alias: string): string;
  /** The alias for writes to an index. Only writes through an alias can be stopped from creating a missing index. */
  writeAlias(index: string): string;
}
