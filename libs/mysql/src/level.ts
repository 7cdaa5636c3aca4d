import { integer } from './literals.ts';
import type { Pool } from './pool.ts';

/**
 * The version of the tables' contents that this program can read and write. Each change that an older program would
 * misread raises it. Such a change is used only in partitions whose row has reached its level.
 * The level of a partition never falls. A worker raises it once it has seen no older program for a minute. From then on
 * older programs cannot commit and do not start.
 */
export const LEVEL = 3;
/** Programs below this level take tombstones for rows that live, so nothing is deleted while one may run. */
export const DELETES_LEVEL = 2;

/**
 * A program that has not updated its row in `programs` for this time counts as gone. If it still runs, its commits fail
 * once the level is raised.
 */
const GONE_AFTER_SECONDS = 60;

/**
 * A condition on a row of `programs`: the program has updated it within these seconds, so it runs. A row from the
 * future is none of a running program, which writes a new time every second: the database's clock was set back.
 */
export function seenWithin(seconds: number): string {
  return `seen_at BETWEEN NOW(3) - INTERVAL ${integer(seconds)} SECOND AND NOW(3) + INTERVAL 2 SECOND`;
}

/** Newer programs use the database, so this one must not. The message tells the operator what to do. */
export class OutdatedProgram extends Error {
  override readonly name = 'OutdatedProgram';
  constructor(level: number) {
    super(`The database has level ${level}, but this version knows no more than ${LEVEL}: start a newer version.`);
  }
}

/** A condition in SQL: this program knows all that the partition may hold. */
export function isKnown(partition: number): string {
  return `(SELECT level FROM partitions WHERE partition_number = ${integer(partition)}) <= ${LEVEL}`;
}

/** Throws OutdatedProgram if `level`, read from `partitions`, is above this program's. */
export function checkLevel(level: number): void {
  if (level > LEVEL) throw new OutdatedProgram(level);
}

/** Raises every partition to `level`, one by one, unless a program of a lower level was seen within the last minute. */
export async function raiseLevel(pool: Pool, level: number): Promise<void> {
  await pool.useAgain(async (session) => {
    // Rows of programs that crashed. Others delete their own row when they end.
    await session.change('DELETE FROM programs WHERE seen_at < NOW(3) - INTERVAL 1 DAY');
    const behind = await session.select<{ partition_number: number }>(
      `SELECT partition_number FROM partitions WHERE level < ${integer(level)}`,
    );
    if (behind.length === 0) return;
    const [older] = await session.select<{ programs: number }>(
      `SELECT COUNT(*) AS programs FROM programs
       WHERE level < ${integer(level)} AND ${seenWithin(GONE_AFTER_SECONDS)}`,
    );
    if (older?.programs !== 0) return;
    for (const { partition_number } of behind) {
      await session.change(
        `UPDATE partitions SET level = GREATEST(level, ${integer(level)}) WHERE partition_number = ${integer(partition_number)}`,
      );
    }
  });
}
