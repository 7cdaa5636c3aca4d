import { DatabaseFault } from './faults.ts';
import type { Pool } from './pool.ts';

/** The system was started with another number of partitions before. Its message tells what to do. */
export class WrongPartitions extends Error {
  override readonly name = 'WrongPartitions';
}

/**
 * Notes the number of partitions at the first start, and holds every later one to it: with another number an
 * application's events would travel in another order than their predecessors. Throws WrongPartitions.
 */
export async function settlePartitions(pool: Pool, partitions: number): Promise<void> {
  const kept = await pool.useAgain(async (session) => {
    await session
      .change('INSERT INTO partitioning (id, partitions) VALUES (1, ?)', [partitions])
      .catch((error: unknown) => {
        if (!(error instanceof DatabaseFault) || error.kind !== 'duplicate') throw error;
      });
    const [row] = await session.select<{ partitions: number }>('SELECT partitions FROM partitioning WHERE id = 1');
    return row?.partitions;
  });
  if (kept === partitions) return;
  throw new WrongPartitions(`PARTITIONS is ${partitions}, but the database was made with ${kept}: set it to ${kept}.`);
}
