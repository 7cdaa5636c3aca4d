import type { estypes } from '@elastic/elasticsearch';
import type { SearchDocument, SearchQuery } from '@parley/domain';
import type { Bytes } from './bytes.ts';
import type { Keys } from './keys.ts';

export type Query = NonNullable<estypes.QueryDslQueryContainer>;

/** How the documents of one version of the mapping are written and asked for. */
export interface Layout {
  readonly keys: Keys;
  /** Adds the document as a JSON object. */
  write(document: SearchDocument, out: Bytes): void;
  parse(query: string): SearchQuery;
  /** What a text has that holds this form; nothing in a form is an operator. */
  contains(form: string): Query;
  /** What a text has at least that holds all of these, where it is not indexed exactly. */
  candidates?(forms: readonly string[]): Query;
  /** The alias that searches read, made of the name that is configured. */
  searchAlias(alias: string): string;
  /** What an index is written through: only a write through an alias can be kept from making an index. */
  writeAlias(index: string): string;
}
