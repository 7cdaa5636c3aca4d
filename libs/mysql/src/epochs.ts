import { DatabaseFault } from './faults.ts';
import { integer } from './literals.ts';
import type { Pool } from './pool.ts';

export async function nextEpoch(pool: Pool, partition: number, above: number): Promise<number> {
  const here = `partition_number = ${integer(partition)}`;
  const results = await pool.transaction((session) =>
    session.send([
      'BEGIN',
      `UPDATE partitions SET epoch = GREATEST(epoch, ${integer(above)}) + 1 WHERE ${here}`,
      `SELECT epoch FROM partitions WHERE ${here}`,
      'COMMIT',
    ]),
  );
  return epochIn(results.at(-2));
}

export async function lastEpoch(pool: Pool, partition: number): Promise<number> {
  const sql = `SELECT epoch FROM partitions WHERE partition_number = ${integer(partition)}`;
  return epochIn(await pool.useAgain((session) => session.select(sql)));
}

function epochIn(rows: unknown): number {
  const [row] = rows as { epoch: number }[];
  if (row === undefined) throw new DatabaseFault('outage', 'NO_PARTITION');
  return row.epoch;
}
