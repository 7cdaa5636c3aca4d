import type { CountDelta } from '@parley/domain';
import { stateOf, unlessMatched } from '../commit.ts';
import { DatabaseFault } from '../faults.ts';
import { LEVEL } from '../level.ts';
import { bytes, integer } from '../literals.ts';
import { withLock } from '../named-lock.ts';
import type { Pool } from '../pool.ts';
import { sumBatches } from './sums.ts';

const COUNTS_PER_STATEMENT = 500;

/**
 * Opens the partition's next counter generation, which waits for commits that have read the old one (see commit.ts).
 * Then sums the closed generations while appends continue. Returns undefined if another process is doing this: the
 * named lock avoids double work. Even without it a sum is added only once, because the UPDATE requires the `flushed`
 * that was read before. Rejects if newer programs have raised the level: their rows may count in another way.
 */
export function rotateAndFlush(
  pool: Pool,
  partition: number,
): Promise<{ generation: number; sequences: number } | undefined> {
  const here = `partition_number = ${integer(partition)}`;
  return pool.use((session) =>
    withLock(session, `flush.${partition}`, async () => {
      const rotated = await session.change(
        `UPDATE partitions SET generation = generation + 1 WHERE ${here} AND level <= ${LEVEL}`,
      );
      if (rotated.matched === 0) throw new DatabaseFault('refused', 'LEVEL');
      const { generation: open, flushed } = await stateOf(session, partition);
      const closed = open - 1;
      const sums = [...(await sumBatches(session, partition, flushed, closed)).values()];
      await session.transaction(() =>
        session.send(
          ['BEGIN', ...countStatements(partition, sums)],
          [
            `UPDATE partitions SET flushed = ${integer(closed)}
             WHERE ${here} AND flushed = ${integer(flushed)} AND level <= ${LEVEL}`,
            unlessMatched(partition),
            'COMMIT',
          ],
        ),
      );
      return { generation: closed, sequences: sums.length };
    }),
  );
}

function* countStatements(partition: number, sums: readonly CountDelta[]): Generator<string> {
  const kinds = { chats: applicationCounts, messages: chatCounts };
  for (const [kind, statement] of Object.entries(kinds)) {
    const own = sums.filter(({ sequence }) => sequence.kind === kind);
    for (let from = 0; from < own.length; from += COUNTS_PER_STATEMENT) {
      yield statement(partition, own.slice(from, from + COUNTS_PER_STATEMENT));
    }
  }
}

export function applicationCounts(partition: number, sums: readonly CountDelta[]): string {
  const rows = sums.map(({ sequence, count }) => `ROW(${bytes(sequence.token)}, ${integer(count)})`);
  return `UPDATE (VALUES ${rows.join()}) AS added (token, count)
    STRAIGHT_JOIN applications AS a FORCE INDEX (PRIMARY)
    ON a.partition_number = ${integer(partition)} AND a.token = added.token
    SET a.chats_count = ${summed('a.chats_count')}`;
}

export function chatCounts(partition: number, sums: readonly CountDelta[]): string {
  const rows = sums.map(({ sequence, count }) => {
    const chat = sequence.kind === 'messages' ? sequence.chat : 0;
    return `ROW(${bytes(sequence.token)}, ${integer(chat)}, ${integer(count)})`;
  });
  return `UPDATE (VALUES ${rows.join()}) AS added (token, number, count)
    STRAIGHT_JOIN chats AS c FORCE INDEX (PRIMARY)
    ON c.partition_number = ${integer(partition)} AND c.token = added.token AND c.number = added.number
    SET c.messages_count = ${summed('c.messages_count')}`;
}

/**
 * The counts are unsigned, and a sum may be negative. The sums are exact, so a count never falls below 0, unless it was
 * wrong before: then a recount finds it, and the flush must not stop at it.
 */
function summed(column: string): string {
  return `GREATEST(CAST(${column} AS SIGNED) + added.count, 0)`;
}
