import type { RefusedDocument, SearchDocument } from '@parley/domain';

/** What the upkeep of the search index needs of the search engine. */
export interface SearchEngine {
  readonly admin: {
    indices(): Promise<readonly EngineIndex[]>;
    createIndex(): Promise<string>;
    note(name: string, notes: EngineIndex['notes']): Promise<void>;
    /** Makes everything written so far findable. */
    refresh(name: string): Promise<void>;
    swapAlias(name: string): Promise<void>;
    dropIndex(name: string): Promise<void>;
    /** The number of documents in an index. */
    count(name: string): Promise<number>;
  };
  indexInto(indices: readonly string[], documents: readonly SearchDocument[]): Promise<readonly RefusedDocument[]>;
}

export interface EngineIndex {
  readonly name: string;
  /** Whether searches of its version read it. */
  readonly live: boolean;
  readonly version: number | undefined;
  /** Whether it has the version that this program makes. */
  readonly current: boolean;
  readonly notes: {
    /** A `Filled`: how far it is filled, while it is being filled. */
    readonly filled?: unknown;
    /** Since when searches read it: milliseconds since 1970. */
    readonly liveSince?: number;
  };
}
