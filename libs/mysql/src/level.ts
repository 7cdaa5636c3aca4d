import { integer } from './literals.ts';
import type { Pool } from './pool.ts';

/**
 * What this code knows how to read and write in the tables, as a number that rises with each change that an older program
 * would misread: such a change adds to it, and is used only where the partition's row has reached it.
 * The level of a partition never falls. A worker raises it once it has seen no older program for a minute; commits of
 * older ones are refused from then on, and they do not start.
 */
export const LEVEL = 1;

/** A program that has said nothing for so long counts as gone. Its next commit checks the level. */
const GONE_AFTER_SECONDS = 60;

/** The database is used by newer programs, so this one may not. Its message tells what to do. */
export class OutdatedProgram extends Error {
  override readonly name = 'OutdatedProgram';
  constructor(level: number) {
    super(`The database has level ${level}, but this version knows no more than ${LEVEL}: start a newer version.`);
  }
}

/** Throws OutdatedProgram where some partition needs a newer program. */
export function checkLevel(level: number): void {
  if (level > LEVEL) throw new OutdatedProgram(level);
}

/** Raises every partition to `level`, one at a time, unless a program that knows less was seen within the minute. */
export async function raiseLevel(pool: Pool, level: number): Promise<void> {
  await pool.useAgain(async (session) => {
    const behind = await session.select<{ partition_number: number }>(
      `SELECT partition_number FROM partitions WHERE level < ${integer(level)}`,
    );
    if (behind.length === 0) return;
    const [older] = await session.select<{ programs: number }>(
      `SELECT COUNT(*) AS programs FROM programs
       WHERE level < ${integer(level)} AND seen_at > NOW(3) - INTERVAL ${GONE_AFTER_SECONDS} SECOND`,
    );
    if (older?.programs !== 0) return;
    for (const { partition_number } of behind) {
      await session.change(
        `UPDATE partitions SET level = GREATEST(level, ${integer(level)}) WHERE partition_number = ${integer(partition_number)}`,
      );
    }
  });
}
