import type { Sequence } from './entities.ts';
import type { Token } from './identifiers.ts';
import type { SearchDocument } from './search-index.ts';

/**
 * PORT. What a store keeps beside its rows, committed together with them, so that the search index and the counts can
 * be derived from it by other processes and at other times: which rows every transaction has written.
 * A store that indexes and counts in the transaction of the rows needs none.
 *
 * Any number of processes may call any method at any time. Every method rejects with Unavailable where the database is
 * away or too slow.
 */
export interface Ledger {
  /**
   * Takes the oldest writes that are not indexed, in this process's share of the partitions, reads their messages as they
   * are now, gives them to `apply`, and notes them as indexed once it has resolved. Answers how many documents that were:
   * 0 where nothing waits. Concurrent calls in one process do not take the same.
   * At least once: where `apply` rejects (the rejection is passed on) or the process ends, they are taken again. Older
   * versions never come after newer ones are noted, but the same document may come twice, to two processes at once:
   * the index must keep the higher version.
   * `documentsMax` bounds one call of `apply`; a single large write leads to several.
   */
  indexNext(documentsMax: number, apply: ApplyDocuments): Promise<number>;
  /** What waits to be indexed. `oldestAt`: when the oldest of it was written, in milliseconds since 1970. */
  unindexed(): Promise<{ readonly batches: number; readonly oldestAt?: number }>;

  /**
   * Opens a partition's next counter generation and sums the closed one into the rows' counts; what was left over from an
   * earlier attempt is summed too. `generation` is the last one that is summed now, `sequences` how many counts changed.
   * Undefined where another process is at it. Exact, whatever crashes: the sums and the note of the generation are one
   * transaction, and nothing can still be written to a generation that is closed.
   * A reader may have read a row just before it: forget the live view of a generation only after the next call.
   */
  rotateAndFlush(partition: number): Promise<{ readonly generation: number; readonly sequences: number } | undefined>;
  /**
   * Forgets, in a partition, at most `limit` notes that are both indexed and counted, and at most `limit` idempotency keys
   * whose time is over. Answers how many: call again while it is not 0.
   */
  prune(partition: number, limit: number): Promise<number>;
  /**
   * Compares the counts of the next `limit` applications or chats behind `after` (undefined: from the beginning) with
   * what is stored and not yet summed, as of one moment. Slow for large chats; changes nothing.
   */
  recount(after: CountPosition | undefined, limit: number): Promise<Recounted>;

  /** The messages behind `after` in the order of their keys, at most `limit`: to build an index anew. */
  scan(after: MessagePosition | undefined, limit: number): Promise<Scanned>;
  /** The search indices that documents are to be written to, the oldest first. */
  searchIndices(): Promise<readonly string[]>;
  /** Once resolved, every later `apply` gets this name, and a scan begun now misses no update. Idempotent. */
  addSearchIndex(name: string): Promise<void>;
  /** Once resolved, no `apply` that was given this name is running, and none will get it. Idempotent. */
  dropSearchIndex(name: string): Promise<void>;
  /**
   * Does `work` unless another process is at it; false then. `held` is to be called before each step, at least every 30
   * seconds: it rejects where others may have begun meanwhile. Rejects as `work` does.
   */
  exclusively(work: (held: () => Promise<void>) => Promise<void>): Promise<boolean>;
}

/** Puts documents into each of the named search indices. */
export type ApplyDocuments = (documents: readonly SearchDocument[], indices: readonly string[]) => Promise<void>;

export interface Recounted {
  readonly checked: number;
  /** The counts that are wrong: a bug. */
  readonly drifts: readonly { readonly sequence: Sequence; readonly expected: number; readonly found: number }[];
  /** Where to go on; undefined at the end. */
  readonly next?: CountPosition;
}

/** Where a recount stands: behind that sequence of the partition. */
export interface CountPosition {
  readonly partition: number;
  readonly sequence: Sequence;
}

export interface Scanned {
  readonly documents: readonly SearchDocument[];
  /** Where to go on; undefined where there is nothing left. */
  readonly next?: MessagePosition;
}

/** Where a message stands in the order of all messages: by partition, token, chat and number. */
export interface MessagePosition {
  readonly partition: number;
  readonly token: Token;
  readonly chat: number;
  readonly number: number;
}
