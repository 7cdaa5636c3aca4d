import type { RefusedDocument, SearchDocument } from '@parley/domain';

/** What the upkeep of the search index needs of the search engine. */
export interface SearchEngine {
  readonly admin: {
    indices(): Promise<readonly EngineIndex[]>;
    createIndex(): Promise<string>;
    note(name: string, notes: EngineIndex['notes']): Promise<void>;
    /** Makes everything written so far visible to searches. */
    refresh(name: string): Promise<void>;
    /** Gives an index the settings with which this program creates one, as far as they can be changed. */
    settle(name: string): Promise<void>;
    swapAlias(name: string): Promise<void>;
    dropIndex(name: string): Promise<void>;
    count(name: string): Promise<number>;
  };
  indexInto(indices: readonly string[], documents: readonly SearchDocument[]): Promise<readonly RefusedDocument[]>;
}

export interface EngineIndex {
  readonly name: string;
  /** Whether searches by programs of the index's version read it. */
  readonly live: boolean;
  readonly version: number | undefined;
  /** Whether the index has the version that this program makes. */
  readonly current: boolean;
  readonly notes: {
    /** A `Filled`: how far the index is filled, while it is being filled. */
    readonly filled?: unknown;
    /** Since when searches read this index: milliseconds since 1970. */
    readonly liveSince?: number;
  };
}
