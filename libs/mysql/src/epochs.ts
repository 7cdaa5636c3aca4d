import { integer } from './literals.ts';
import type { Pool } from './pool.ts';

/** Gives out a number above `above` and above all that were given out for the partition before. */
export async function nextEpoch(pool: Pool, partition: number, above: number): Promise<number> {
  const [row] = await pool.transaction(async (session) => {
    await session.change(
      `INSERT INTO epochs (partition_number, epoch, oldest) VALUES (${integer(partition)}, ${integer(above + 1)}, 0)
       AS given ON DUPLICATE KEY UPDATE epoch = GREATEST(epochs.epoch + 1, given.epoch)`,
    );
    return session.select<{ epoch: number }>(
      `SELECT epoch FROM epochs WHERE partition_number = ${integer(partition)} FOR UPDATE`,
    );
  });
  if (row === undefined) throw new Error('the epoch that was just written is gone');
  return row.epoch;
}

export async function lastEpoch(pool: Pool, partition: number): Promise<number> {
  const [row] = await pool.useAgain((session) =>
    session.select<{ epoch: number }>(`SELECT epoch FROM epochs WHERE partition_number = ${integer(partition)}`),
  );
  return row?.epoch ?? 0;
}

/** Waits for the appends that read the older limit; those that come later see this one. */
export async function beginEpoch(pool: Pool, partition: number, epoch: number): Promise<void> {
  const n = integer(epoch);
  await pool.transaction((session) =>
    session.change(
      `INSERT INTO epochs (partition_number, epoch, oldest) VALUES (${integer(partition)}, ${n}, ${n})
       AS begun ON DUPLICATE KEY UPDATE epoch = GREATEST(epochs.epoch, begun.epoch),
         oldest = GREATEST(epochs.oldest, begun.oldest)`,
    ),
  );
}

/** The oldest epoch of which events may still be stored, as a value in a statement. Held until the transaction ends. */
export function oldestEpoch(partition: number): string {
  return `COALESCE((SELECT oldest FROM epochs WHERE partition_number = ${integer(partition)} FOR SHARE), 0)`;
}
