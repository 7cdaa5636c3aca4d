import type { Sequence } from './entities.ts';
import type { CountDelta } from './store.ts';

/**
 * PORT. Live counts by generation: rows that are committed but not yet summed into the store's own counts.
 * Additions may be lost: the store's sums do not depend on them. None may be invented.
 * Every method rejects with Unavailable within its deadline.
 */
export interface Counters {
  /**
   * Adds counts to one generation. All sequences must be in one partition. Not idempotent: call it once after each
   * commit.
   */
  add(generation: number, deltas: readonly CountDelta[]): Promise<void>;
  /**
   * For each sequence the sum of its counts in all generations above `countedThrough`, in the order of the sequences.
   */
  pending(countedThrough: number, sequences: readonly Sequence[]): Promise<readonly number[]>;
  /** Deletes all generations of a partition up to `through`, this one included. Idempotent. */
  drop(partition: number, through: number): Promise<void>;
}
