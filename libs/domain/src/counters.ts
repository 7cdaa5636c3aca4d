import type { Sequence } from './entities.ts';
import type { CountDelta, Uncounted } from './store.ts';

/**
 * PORT. Live counts of rows that are committed but not yet summed into the store's own counts, for each sequence. They
 * are kept by generation: a numbered period of a partition's counting, at whose end the store sums it up.
 * Additions may be lost: the store's sums do not depend on them. A row that is not stored must not be counted.
 * Every method rejects with Unavailable within its deadline.
 */
export interface Counters {
  /**
   * Adds the rows of one commit to the counts of a generation. All sequences must be in one partition. Not idempotent:
   * call it once after each commit.
   */
  add(generation: number, deltas: readonly CountDelta[]): Promise<void>;
  /** Returns for each sequence, in their order, the sum of its counts in all generations above `countedThrough`. */
  pending(countedThrough: number, sequences: readonly Sequence[]): Promise<readonly number[]>;
  /** Deletes the counts of a partition's generations up to and including `through`. Idempotent. */
  drop(partition: number, through: number): Promise<void>;
}

/**
 * Adds the rows of one commit to the live counts. Never rejects: the stored counts have the rows, and clients see them
 * after the next flush.
 */
export async function showLive(
  counters: Pick<Counters, 'add'>,
  logger: { warn(details: object, text: string): void },
  { generation, deltas }: Uncounted,
): Promise<void> {
  try {
    await counters.add(generation, deltas);
  } catch (error) {
    logger.warn({ err: error, generation }, 'live counts miss a batch until the next flush');
  }
}
