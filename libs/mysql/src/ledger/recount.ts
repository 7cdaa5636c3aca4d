import { type CountPosition, type Recounted, type Sequence, sequenceKey, type Token } from '@parley/domain';
import { stateOf } from '../commit.ts';
import { bytes, integer, tokenOf } from '../literals.ts';
import type { Pool } from '../pool.ts';
import type { Session } from '../session.ts';
import { sumBatches } from './sums.ts';

/** The limit for one statement that counts. A chat of ten million messages is counted in a few seconds. */
const COUNT_TIMEOUT_MS = 120_000;
/** An optimizer hint: the server stops a statement when the client gives it up. */
const HINT = `/*+ MAX_EXECUTION_TIME(${COUNT_TIMEOUT_MS}) */`;
/** A value that sorts before every token. */
const NO_TOKEN: Token = '00000000-0000-0000-0000-000000000000';

interface Counted {
  readonly sequence: Sequence;
  readonly count: number;
  /** Null: it is deleted, so its count does not matter. */
  readonly rows: number | null;
}

/**
 * Compares counts with the rows that they count, without deleted ones: partition by partition, first the applications, then the chats. A call
 * reads one partition in one snapshot, so concurrent appends and flushes do not look like wrong counts.
 */
export function recount(
  pool: Pool,
  partitions: number,
  after: CountPosition | undefined,
  limit: number,
): Promise<Recounted> {
  return pool.useAgain(async (session) => {
    await session.change('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ');
    return session.transaction(async () => {
      await session.change('START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY');
      const recounted = await compare(session, partitions, after ?? beginOf(0), limit);
      await session.change('COMMIT');
      return recounted;
    });
  });
}

function beginOf(partition: number): CountPosition {
  return { partition, sequence: { kind: 'chats', token: NO_TOKEN } };
}

async function compare(
  session: Session,
  partitions: number,
  { partition, sequence }: CountPosition,
  limit: number,
): Promise<Recounted> {
  const counted = await count(session, partition, sequence, limit);
  const { flushed, generation } = await stateOf(session, partition);
  const waiting = await sumBatches(session, partition, flushed, generation);
  const drifts = counted.flatMap(({ sequence, count, rows }) => {
    if (rows === null) return [];
    const expected = rows - (waiting.get(sequenceKey(sequence))?.count ?? 0);
    return expected === count ? [] : [{ sequence, expected, found: count }];
  });
  const last = counted.length < limit ? undefined : counted.at(-1)?.sequence;
  const next = last === undefined ? behind(partitions, partition, sequence) : { partition, sequence: last };
  return { checked: counted.length, drifts, ...(next === undefined ? {} : { next }) };
}

/** The position after a partition's applications, or after its chats. Undefined at the end. */
function behind(partitions: number, partition: number, { kind }: Sequence): CountPosition | undefined {
  if (kind === 'chats') return { partition, sequence: { kind: 'messages', token: NO_TOKEN, chat: 0 } };
  return partition + 1 < partitions ? beginOf(partition + 1) : undefined;
}

async function count(session: Session, partition: number, after: Sequence, limit: number): Promise<Counted[]> {
  const sql =
    after.kind === 'chats'
      ? countChatsStatement(partition, after.token, limit)
      : countMessagesStatement(partition, after, limit);
  const rows = await session.select<{ token: Buffer; chat?: number; count: number; row_count: number | null }>(
    sql,
    [],
    COUNT_TIMEOUT_MS,
  );
  return rows.map(({ token, chat, count, row_count }) => ({
    sequence:
      chat === undefined ? { kind: 'chats', token: tokenOf(token) } : { kind: 'messages', token: tokenOf(token), chat },
    count,
    rows: row_count,
  }));
}

export function countChatsStatement(partition: number, after: Token, limit: number): string {
  return `SELECT ${HINT} a.token, a.chats_count AS count,
      IF(a.deleted_at IS NULL, (SELECT COUNT(*) FROM chats AS c FORCE INDEX (PRIMARY)
       WHERE c.partition_number = ${integer(partition)} AND c.token = a.token AND c.deleted_at IS NULL), NULL) AS row_count
    FROM applications AS a FORCE INDEX (PRIMARY)
    WHERE a.partition_number = ${integer(partition)} AND a.token > ${bytes(after)} ORDER BY a.token LIMIT ${integer(limit)}`;
}

export function countMessagesStatement(
  partition: number,
  after: { readonly token: Token; readonly chat: number },
  limit: number,
): string {
  const here = `c.partition_number = ${integer(partition)}`;
  const token = bytes(after.token);
  return `SELECT ${HINT} c.token, c.number AS chat, c.messages_count AS count,
      IF(c.deleted_at IS NULL AND EXISTS (SELECT 1 FROM applications AS a FORCE INDEX (PRIMARY)
        WHERE a.partition_number = ${integer(partition)} AND a.token = c.token AND a.deleted_at IS NULL),
       (SELECT COUNT(*) FROM messages AS m FORCE INDEX (PRIMARY)
        WHERE m.partition_number = ${integer(partition)} AND m.token = c.token AND m.chat_number = c.number
        AND m.deleted_at IS NULL), NULL) AS row_count
    FROM chats AS c FORCE INDEX (PRIMARY)
    WHERE (${here} AND c.token > ${token}) OR (${here} AND c.token = ${token} AND c.number > ${integer(after.chat)})
    ORDER BY c.token, c.number LIMIT ${integer(limit)}`;
}
