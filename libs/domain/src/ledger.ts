import type { Sequence } from './entities.ts';
import type { FeedWindow } from './feed.ts';
import type { Token } from './identifiers.ts';
import type { SearchDocument } from './search-index.ts';

/**
 * PORT. Records which rows every transaction has written, in that transaction. From these records other processes can
 * later derive the search index and the counts.
 * A store that indexes and counts in the transaction of the rows needs no ledger.
 *
 * Any number of processes may call any method at any time. Every method rejects with Unavailable if the database is
 * unreachable or too slow.
 */
export interface Ledger {
  /**
   * Brings the oldest writes that are not indexed yet into the search index, of the partitions that this process
   * indexes. It reads their messages in their present state, gives them to `apply`, and marks the writes as indexed
   * once `apply` has resolved. Returns the number of messages, 0 if nothing is left. `documentsMax` limits one call of
   * `apply`; a single large write leads to several calls.
   *
   * Concurrent calls in one process never take the same writes. At least once: if `apply` rejects, this rejects with
   * the same error, and the writes are taken again, as after a crash. The same message may come twice, even to two
   * processes at once: the index must keep the higher version. Once a newer version is marked as indexed, no older one
   * comes.
   */
  indexNext(documentsMax: number, apply: ApplyDocuments): Promise<number>;
  /**
   * Returns the number of writes that are not indexed (`batches`) and the time of the oldest one (`oldestAt`), in
   * milliseconds since 1970.
   */
  unindexed(): Promise<{ readonly batches: number; readonly oldestAt?: number }>;

  /**
   * Opens a partition's next counter generation (see counters.ts) and sums the ended one into the rows' counts, with
   * those that an earlier attempt has left. `generation` is the last one that is summed now, `sequences` how many
   * counts changed. Undefined if another process is doing it.
   * Exact after any crash: sums and progress are one transaction, and nothing can be written to an ended generation. A
   * reader may still have a row from before this call and add the live counts. So drop a generation from Counters only
   * after the next call.
   */
  rotateAndFlush(partition: number): Promise<{ readonly generation: number; readonly sequences: number } | undefined>;
  /**
   * Brings the next writes of a partition into the inbox (see Store.inbox). Returns how many it has handled, or how many
   * chats while the inbox is filled for the first time; 0 if nothing is left or another process is doing it. Call it
   * again until it returns 0. Exact after any crash.
   */
  advanceActivity(partition: number): Promise<number>;
  /**
   * Deletes in a partition at most `limit` records of the oldest writes, and at most `limit` expired idempotency keys.
   * Records are deleted in order, once they are indexed, counted and in the inbox, and outside the window of the feed
   * (see Feed). Returns how many it has deleted. Call it again until it returns 0.
   */
  prune(partition: number, limit: number, window: FeedWindow): Promise<number>;
  /**
   * Looks for wrong counts: compares the counts of the next `limit` applications or chats after `after` (undefined:
   * from the start) with the stored rows, less those that are not summed yet, in one snapshot. Slow for large chats.
   * Changes nothing.
   */
  recount(after: CountPosition | undefined, limit: number): Promise<Recounted>;

  /** Returns at most `limit` messages after `after`, in the order of their keys, for building a search index anew. */
  scan(after: MessagePosition | undefined, limit: number): Promise<Scanned>;
  /** Returns the names of the search indices that messages must be written to, the oldest first. */
  searchIndices(): Promise<readonly string[]>;
  /**
   * Adds a search index. Once resolved, every later call of `apply` gets its name, so a scan that begins now misses no
   * update. Idempotent.
   */
  addSearchIndex(name: string): Promise<void>;
  /**
   * Removes a search index. Once resolved, no call of `apply` that got its name is running, and no later one gets it.
   * Idempotent.
   */
  dropSearchIndex(name: string): Promise<void>;
  /**
   * Runs `work` under a lock. Returns false, without running it, if another process has the lock. `work` must call
   * `held` before each step, at least every 30 seconds: `held` rejects if the lock may be lost. Rejects as `work` does.
   */
  exclusively(work: (held: () => Promise<void>) => Promise<void>): Promise<boolean>;
}

/** Writes messages to each of the named search indices. */
export type ApplyDocuments = (documents: readonly SearchDocument[], indices: readonly string[]) => Promise<void>;

export interface Recounted {
  readonly checked: number;
  /** The wrong counts: `found` is stored, `expected` is right. Each one is a bug. */
  readonly drifts: readonly { readonly sequence: Sequence; readonly expected: number; readonly found: number }[];
  /** Where the next call of `recount` continues; undefined at the end. */
  readonly next?: CountPosition;
}

/** How far a recount has come: up to this sequence, inclusive. */
export interface CountPosition {
  readonly partition: number;
  readonly sequence: Sequence;
}

export interface Scanned {
  readonly documents: readonly SearchDocument[];
  /** Where the next call of `scan` continues; undefined at the end. */
  readonly next?: MessagePosition;
}

/** The position of a message in the order of all messages: by partition, token, chat and number. */
export interface MessagePosition {
  readonly partition: number;
  readonly token: Token;
  readonly chat: number;
  readonly number: number;
}
