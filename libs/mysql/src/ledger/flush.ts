import type { CountDelta } from '@parley/domain';
import { DatabaseFault } from '../faults.ts';
import { bytes, integer } from '../literals.ts';
import { withLock } from '../named-lock.ts';
import type { Pool } from '../pool.ts';
import type { Session } from '../session.ts';
import { sumBatches } from './sums.ts';

const COUNTS_PER_STATEMENT = 500;

/**
 * Two transactions. The first opens the next generation and commits at once: it waits for every append that holds the
 * old one (see append.ts), and appends wait for it, but only for that moment. The second sums what is closed, as long as
 * that takes, while appends go on.
 * The named lock only spares others the work; what makes a sum happen once is the lock on the row `flushed`.
 */
export function rotateAndFlush(pool: Pool): Promise<{ generation: number; sequences: number } | undefined> {
  return pool.use((session) =>
    withLock(session, 'flush', async () => {
      await session.change("UPDATE counter_generations SET generation = generation + 1 WHERE name = 'open'");
      return session.transaction(() => flushClosed(session));
    }),
  );
}

async function flushClosed(session: Session): Promise<{ generation: number; sequences: number }> {
  const flushed = await generationOf(session, 'flushed', ' FOR UPDATE');
  const closed = (await generationOf(session, 'open')) - 1;
  const sums = [...(await sumBatches(session, flushed, closed)).values()];
  await addTo(
    session,
    sums.filter(({ sequence }) => sequence.kind === 'chats'),
    applicationCounts,
  );
  await addTo(
    session,
    sums.filter(({ sequence }) => sequence.kind === 'messages'),
    chatCounts,
  );
  await session.change(`UPDATE counter_generations SET generation = ${integer(closed)} WHERE name = 'flushed'`);
  return { generation: closed, sequences: sums.length };
}

export async function generationOf(session: Session, name: 'open' | 'flushed', lock = ''): Promise<number> {
  const [row] = await session.select<{ generation: number }>(
    `SELECT generation FROM counter_generations WHERE name = ?${lock}`,
    [name],
  );
  if (row === undefined) throw new DatabaseFault('outage', 'NO_COUNTER_GENERATION');
  return row.generation;
}

async function addTo(
  session: Session,
  sums: readonly CountDelta[],
  statement: (sums: readonly CountDelta[]) => string,
): Promise<void> {
  for (let from = 0; from < sums.length; from += COUNTS_PER_STATEMENT) {
    await session.change(statement(sums.slice(from, from + COUNTS_PER_STATEMENT)));
  }
}

export function applicationCounts(sums: readonly CountDelta[]): string {
  const rows = sums.map(({ sequence, count }) => `ROW(${bytes(sequence.token)}, ${integer(count)})`);
  return `UPDATE (VALUES ${rows.join()}) AS added (token, count)
    STRAIGHT_JOIN applications AS a FORCE INDEX (PRIMARY) ON a.token = added.token
    SET a.chats_count = a.chats_count + added.count`;
}

export function chatCounts(sums: readonly CountDelta[]): string {
  const rows = sums.map(({ sequence, count }) => {
    const chat = sequence.kind === 'messages' ? sequence.chat : 0;
    return `ROW(${bytes(sequence.token)}, ${integer(chat)}, ${integer(count)})`;
  });
  return `UPDATE (VALUES ${rows.join()}) AS added (token, number, count)
    STRAIGHT_JOIN chats AS c FORCE INDEX (PRIMARY) ON c.token = added.token AND c.number = added.number
    SET c.messages_count = c.messages_count + added.count`;
}
