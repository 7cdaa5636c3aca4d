import { DatabaseFault } from './faults.ts';
import { integer, text, time } from './literals.ts';
import type { Pool } from './pool.ts';

/** The epoch of the numbering in a partition, and the run of the numbers' server to which it belongs. */
export interface NextEpoch {
  /** From 1. */
  readonly epoch: number;
  readonly runId: string;
}

export interface EpochRow extends NextEpoch {
  /** Milliseconds since 1970, UTC. */
  readonly openedAt: number;
}

export async function readEpoch(pool: Pool, partition: number): Promise<EpochRow | undefined> {
  const [row] = await pool.useAgain((session) =>
    session.select<{ epoch: number; run_id: string; opened_at: Date }>(
      `SELECT epoch, run_id, opened_at FROM epochs WHERE partition_number = ${integer(partition)}`,
    ),
  );
  return row && { epoch: row.epoch, runId: row.run_id, openedAt: row.opened_at.getTime() };
}

/**
 * Compare and set: of several processes that open the same epoch one is told true. Not repeated after a lost
 * connection: false would then not say who did it. The caller reads the epoch again.
 */
export async function openEpoch(pool: Pool, partition: number, expected: number, next: NextEpoch): Promise<boolean> {
  const number = integer(partition);
  const values = [integer(next.epoch), text(next.runId), time(Date.now())] as const;
  if (expected > 0) {
    const [epoch, runId, openedAt] = values;
    const changed = await pool.use((session) =>
      session.change(
        `UPDATE epochs SET epoch = ${epoch}, run_id = ${runId}, opened_at = ${openedAt}
         WHERE partition_number = ${number} AND epoch = ${integer(expected)}`,
      ),
    );
    return changed.matched === 1;
  }
  try {
    await pool.use((session) =>
      session.change(
        `INSERT INTO epochs (partition_number, epoch, run_id, opened_at) VALUES (${number}, ${values.join()})`,
      ),
    );
    return true;
  } catch (error) {
    if (error instanceof DatabaseFault && error.kind === 'duplicate') return false;
    throw error;
  }
}
