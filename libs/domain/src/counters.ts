import type { Sequence } from './entities.ts';
import type { CountDelta } from './store.ts';

/**
 * PORT. The live view of counts that are committed but not yet summed into the store's rows, by generation.
 * It may forget or miss additions (the store's own sums do not come from it); it must never make up any.
 * Every method rejects with Unavailable within its deadline.
 */
export interface Counters {
  /** Adds to a generation of the sequences' partition. Not idempotent: called once after each commit. */
  add(generation: number, deltas: readonly CountDelta[]): Promise<void>;
  /** For each sequence what waits in all generations above `countedThrough`, in the order of the sequences. */
  pending(countedThrough: number, sequences: readonly Sequence[]): Promise<readonly number[]>;
  /** Forgets all generations of a partition up to and with this one. Idempotent. */
  drop(partition: number, through: number): Promise<void>;
}
