import type { RefusedDocument, SearchDocument } from '@parley/domain';

/** What the upkeep needs of the search engine. */
export interface SearchEngine {
  readonly admin: {
    indices(): Promise<readonly EngineIndex[]>;
    createIndex(): Promise<string>;
    note(name: string, notes: EngineIndex['notes']): Promise<void>;
    /** Makes what was written findable now. */
    refresh(name: string): Promise<void>;
    swapAlias(name: string): Promise<void>;
    dropIndex(name: string): Promise<void>;
    /** The documents of an index. */
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
    /** While it is filled: what it has, a `Filled`. */
    readonly filled?: unknown;
    /** Since when searches read it: milliseconds since 1970. */
    readonly liveSince?: number;
  };
}
