import { IDEMPOTENCY_WINDOW_MS } from '@parley/domain';
import { stateOf } from '../commit.ts';
import { checkLevel } from '../level.ts';
import { integer, time } from '../literals.ts';
import type { Pool } from '../pool.ts';

/** Idempotency keys are kept for this time after they expire, because clocks differ. */
const KEY_MARGIN_MS = 60 * 60 * 1_000;

/**
 * Deletes in the partition at most `limit` indexed and counted batches, and at most `limit` expired idempotency keys.
 * Returns how many rows. Two processes may prune at once, because such a batch stays indexed and counted. The
 * partition's `low` is raised, and committed, before batches are deleted.
 */
export async function prune(pool: Pool, partition: number, limit: number): Promise<number> {
  return pool.useAgain(async (session) => {
    const { flushed, level } = await stateOf(session, partition);
    checkLevel(level); // what this program deletes was written before the level was raised
    const rows = await session.select<{ seq: number }>(finishedBatches(partition, flushed, limit));
    const seqs = rows.map(({ seq }) => seq);
    const last = seqs.at(-1);
    let batches = 0;
    if (last !== undefined) {
      await session.change(
        `UPDATE partitions SET low = GREATEST(low, ${integer(last)}) WHERE partition_number = ${integer(partition)}`,
      );
      batches = (await session.change(removal(partition, seqs))).matched;
    }
    const keys = await session.change(outdatedKeys(partition, Date.now(), limit));
    return batches + keys.matched;
  });
}

export function finishedBatches(partition: number, flushed: number, limit: number): string {
  return `SELECT seq FROM batches FORCE INDEX (batches_indexed)
    WHERE indexed = 1 AND partition_number = ${integer(partition)} AND generation <= ${integer(flushed)}
    ORDER BY seq LIMIT ${integer(limit)}`;
}

/**
 * Deletes batches by a join, because `seq IN (…)` scans the table if it lists most of its rows (and a DELETE takes no
 * FORCE INDEX).
 */
export function removal(partition: number, seqs: readonly number[]): string {
  const rows = seqs.map((seq) => `ROW(${integer(seq)})`);
  return `DELETE b FROM (VALUES ${rows.join()}) AS finished (seq)
    STRAIGHT_JOIN batches AS b FORCE INDEX (PRIMARY)
    ON b.partition_number = ${integer(partition)} AND b.seq = finished.seq`;
}

export function outdatedKeys(partition: number, now: number, limit: number): string {
  const before = time(now - IDEMPOTENCY_WINDOW_MS - KEY_MARGIN_MS);
  return `DELETE /*+ INDEX(idempotency idempotency_at) */ FROM idempotency
    WHERE partition_number = ${integer(partition)} AND at < ${before} ORDER BY at LIMIT ${integer(limit)}`;
}
