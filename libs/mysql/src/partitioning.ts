import { DatabaseFault } from './faults.ts';
import { LEVEL } from './level.ts';
import { integer } from './literals.ts';
import type { Pool } from './pool.ts';
import type { Session } from './session.ts';

/** The system was started before with another number of partitions. The message tells the operator what to do. */
export class WrongPartitions extends Error {
  override readonly name = 'WrongPartitions';
}

/**
 * At the first start, records the number of partitions and creates their rows. At later starts, checks the number: with
 * another one, an application's events would lose their order. Throws WrongPartitions.
 */
export async function settlePartitions(pool: Pool, partitions: number): Promise<void> {
  await pool.useAgain(async (session) => {
    await insertNew(session, `INSERT INTO installation (id, partitions) VALUES (1, ${integer(partitions)})`);
    const [row] = await session.select<{ partitions: number }>('SELECT partitions FROM installation WHERE id = 1');
    const kept = row?.partitions;
    if (kept !== partitions) {
      throw new WrongPartitions(
        `PARTITIONS is ${partitions}, but the database was made with ${kept}: set it to ${kept}.`,
      );
    }
    const made = await session.select<{ partition_number: number }>('SELECT partition_number FROM partitions');
    const missing = new Set(Array(partitions).keys()).difference(new Set(made.map((row) => row.partition_number)));
    for (const partition of missing) {
      await insertNew(
        session,
        `INSERT INTO partitions (partition_number, level) VALUES (${integer(partition)}, ${LEVEL})`,
      );
    }
  });
}

/** Inserts a row. Does nothing if it exists: another process may insert it at the same time. */
async function insertNew(session: Session, sql: string): Promise<void> {
  await session.change(sql).catch((error: unknown) => {
    if (!(error instanceof DatabaseFault) || error.kind !== 'duplicate') throw error;
  });
}
