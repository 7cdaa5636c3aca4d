import type { Pool } from '../pool.ts';

export async function unindexed(pool: Pool): Promise<{ batches: number; oldestAt?: number }> {
  const [row] = await pool.useAgain((session) => session.select<{ batches: number; oldest: Date | null }>(UNINDEXED));
  const oldest = row?.oldest ?? null;
  const batches = Number(row?.batches ?? 0); // MySQL returns a sum as a decimal, mysql2 as a string
  return oldest === null ? { batches } : { batches, oldestAt: oldest.getTime() };
}

/** The number of unindexed batches, and the time of the oldest. A partition's oldest one has its lowest `seq`. */
export const UNINDEXED = `SELECT SUM(waiting.batches) AS batches, MIN(b.created_at) AS oldest
  FROM (SELECT partition_number, COUNT(*) AS batches, MIN(seq) AS seq FROM batches FORCE INDEX (batches_indexed)
        WHERE indexed = 0 GROUP BY partition_number) AS waiting
  JOIN batches AS b FORCE INDEX (PRIMARY) ON b.partition_number = waiting.partition_number AND b.seq = waiting.seq`;
