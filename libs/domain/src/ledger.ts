import type { Sequence } from './entities.ts';
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
   * Takes the oldest writes that are not indexed, in this process's share of the partitions. Reads their messages in
   * their present state, gives them to `apply`, and marks the writes as indexed once `apply` has resolved. Returns the
   * number of documents, 0 if nothing is left. Concurrent calls in one process never take the same writes. At least
   * once: if `apply` rejects or the process crashes, the writes are taken again. A rejection is passed on. The same
   * document may come twice, even to two processes at once: the index must keep the higher version. Once a newer
   * version is marked as indexed, no older version comes.
   * `documentsMax` limits one call of `apply`. A single large write leads to several calls.
   */
  indexNext(documentsMax: number, apply: ApplyDocuments): Promise<number>;
  /** The number of writes that are not indexed. `oldestAt`: the time of the oldest one, in milliseconds since 1970. */
  unindexed(): Promise<{ readonly batches: number; readonly oldestAt?: number }>;

  /**
   * Opens a partition's next counter generation and sums the closed generation into the rows' counts, together with the
   * generations that an earlier attempt has left. `generation` is the last one that is summed now, `sequences` how many
   * counts changed. Undefined if another process is doing it.
   * Exact after any crash: sums and progress are one transaction, and nothing can be written to a closed generation.
   * A reader may still hold a row from before this call. So drop a generation from Counters only after the next call.
   */
  rotateAndFlush(partition: number): Promise<{ readonly generation: number; readonly sequences: number } | undefined>;
  /**
   * Deletes in a partition at most `limit` records that are both indexed and counted, and at most `limit` expired
   * idempotency keys. Returns how many were deleted. Call it again until it returns 0.
   */
  prune(partition: number, limit: number): Promise<number>;
  /**
   * Compares the counts of the next `limit` applications or chats after `after` (undefined: from the start) with the
   * rows that are stored and the counts that are not yet summed, in one snapshot. Slow for large chats. Changes
   * nothing.
   */
  recount(after: CountPosition | undefined, limit: number): Promise<Recounted>;

  /** At most `limit` messages after `after`, in the order of their keys. For building an index anew. */
  scan(after: MessagePosition | undefined, limit: number): Promise<Scanned>;
  /** The search indices that documents must be written to, the oldest first. */
  searchIndices(): Promise<readonly string[]>;
  /** Once resolved, every later `apply` gets this name, so a scan that begins now misses no update. Idempotent. */
  addSearchIndex(name: string): Promise<void>;
  /** Once resolved, no `apply` that got this name is running, and no later one gets it. Idempotent. */
  dropSearchIndex(name: string): Promise<void>;
  /**
   * Runs `work` under a lock. Returns false if another process has the lock. `work` must call `held` before each step,
   * at least every 30 seconds: `held` rejects if the lock may be lost. Rejects as `work` does.
   */
  exclusively(work: (held: () => Promise<void>) => Promise<void>): Promise<boolean>;
}

/** Writes documents to each of the named search indices. */
export type ApplyDocuments = (documents: readonly SearchDocument[], indices: readonly string[]) => Promise<void>;

export interface Recounted {
  readonly checked: number;
  /** The counts that are wrong. Each one is a bug. */
  readonly drifts: readonly { readonly sequence: Sequence; readonly expected: number; readonly found: number }[];
  /** Where the next call continues; undefined at the end. */
  readonly next?: CountPosition;
}

/** The position of a recount: after this sequence of the partition. */
export interface CountPosition {
  readonly partition: number;
  readonly sequence: Sequence;
}

export interface Scanned {
  readonly documents: readonly SearchDocument[];
  /** Where the next call continues; undefined at the end. */
  readonly next?: MessagePosition;
}

/** The position of a message in the order of all messages: by partition, token, chat and number. */
export interface MessagePosition {
  readonly partition: number;
  readonly token: Token;
  readonly chat: number;
  readonly number: number;
}
