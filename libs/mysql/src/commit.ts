import type { ChangeRecord } from '@parley/domain';
import { DatabaseFault } from './faults.ts';
import { LEVEL } from './level.ts';
import { integer, text, time } from './literals.ts';
import type { Pool } from './pool.ts';
import type { Session } from './session.ts';

/**
 * The end of every transaction that changes rows in a partition.
 *
 * LOCK ORDER: first the rows of other tables, then the partition's row in `partitions`. After it only the new row of
 * `batches`, whose key no other transaction can have. So no two transactions wait for each other, and a transaction
 * that has locked the partition's row is about to commit.
 *
 * These statements are one packet, with the COMMIT. The WHERE of the UPDATE checks the terms. If they do not hold, no
 * row matches, the partition's row is not locked, and the INSERT fails because its `seq` would be NULL. The server runs
 * no statement after a failed one, so nothing is committed. A process that freezes at any moment may keep the rows that
 * it has written locked, but never the partition's.
 */

/** The conditions of a commit, besides the level (level.ts). */
export interface Terms {
  readonly partition: number;
  /** The oldest epoch among the events to store: it must not have ended. Undefined: not checked. */
  readonly epoch?: number;
  /** The partition's `deletes` when the owners were looked up: it must be the same. Undefined: not checked. */
  readonly deletes?: number;
  /** Whether the rows must be added to the counts. Default true. */
  readonly counted?: boolean;
  /** Whether an owner is deleted, or messages are hidden for good: workers must look up their owners again. */
  readonly deletesOwners?: boolean;
  /** The level that the partition must have reached: below it, older programs may run. Default 1. */
  readonly levelMin?: number;
}

export interface Committed {
  readonly seq: number;
  readonly generation: number;
}

/** The counter generation of batches that add nothing to the counts. Real ones begin at 1, so it counts as summed. */
const NOTHING_TO_COUNT = '0';

/**
 * The last statements of a transaction, in one packet. Fail with a fault of kind `refused` if the Terms do not hold.
 */
export function commitStatements(terms: Terms, record: ChangeRecord): string[] {
  const here = `partition_number = ${integer(terms.partition)}`;
  const conditions = [
    here,
    `level <= ${LEVEL}`,
    ...(terms.levelMin === undefined ? [] : [`level >= ${integer(terms.levelMin)}`]),
    ...(terms.epoch === undefined ? [] : [`oldest <= ${integer(terms.epoch)}`]),
    ...(terms.deletes === undefined ? [] : [`deletes = ${integer(terms.deletes)}`]),
  ];
  const own = (column: string) => `(SELECT ${column} FROM partitions WHERE ${here})`;
  const generation = terms.counted === false ? NOTHING_TO_COUNT : own('generation');
  // A batch without messages has nothing to index, so it begins as indexed.
  const indexed = record.documents === 0 ? 1 : 0;
  const messages = text(JSON.stringify(record.messages));
  const chats = text(JSON.stringify(record.chats));
  const reads = record.reads === undefined ? 'NULL' : text(JSON.stringify(record.reads));
  const deletes = terms.deletesOwners === true ? ', deletes = deletes + 1' : '';
  return [
    `UPDATE partitions SET seq = seq + 1${deletes} WHERE ${conditions.join(' AND ')}`,
    `INSERT INTO batches
     (partition_number, seq, kind, generation, messages, chats, \`reads\`, documents, indexed, created_at)
     VALUES (${integer(terms.partition)}, IF(ROW_COUNT() = 1, ${own('seq')}, NULL), '${record.kind}', ${generation},
     ${messages}, ${chats}, ${reads}, ${integer(record.documents)}, ${indexed}, ${time(Date.now())})`,
    `SELECT seq, generation FROM partitions WHERE ${here}`,
    'COMMIT',
  ];
}

/**
 * Follows an UPDATE of the partition's row in a transaction that adds no batch. Fails with a fault of kind `refused`
 * unless the UPDATE matched the row.
 */
export function unlessMatched(partition: number): string {
  return `INSERT INTO batches (partition_number, seq, generation, messages, chats, documents, created_at)
    SELECT ${integer(partition)}, NULL, 0, '[]', '[]', 0, NOW(3) FROM DUAL WHERE ROW_COUNT() <> 1`;
}

/** The partition's row in `partitions` (see schema.ts), read without a lock. */
export interface PartitionState {
  readonly seq: number;
  readonly low: number;
  readonly oldest: number;
  readonly generation: number;
  readonly flushed: number;
  readonly deletes: number;
  readonly activity: number;
  readonly level: number;
}

export async function stateOf(session: Session, partition: number): Promise<PartitionState> {
  const [row] = await session.select<PartitionState>(
    `SELECT seq, low, oldest, generation, flushed, deletes, activity, level FROM partitions
     WHERE partition_number = ${integer(partition)}`,
  );
  if (row === undefined) throw new DatabaseFault('outage', 'NO_PARTITION');
  return row;
}

/**
 * Makes a commit in the partition and returns the partition's `seq`. If `epoch` is above 0, no event of an older epoch
 * can be stored there any more: raising `oldest` waits for the commits that have read the old value.
 */
export async function passFence(pool: Pool, partition: number, epoch: number): Promise<number> {
  const here = `partition_number = ${integer(partition)}`;
  const n = integer(epoch);
  const results = await pool.transaction((session) =>
    session.send([
      'BEGIN',
      `UPDATE partitions SET fences = fences + 1, epoch = GREATEST(epoch, ${n}), oldest = GREATEST(oldest, ${n})
       WHERE ${here} AND level <= ${LEVEL}`,
      unlessMatched(partition),
      `SELECT seq FROM partitions WHERE ${here}`,
      'COMMIT',
    ]),
  );
  const [row] = results.at(-2) as { seq: number }[];
  if (row === undefined) throw new DatabaseFault('outage', 'NO_PARTITION');
  return row.seq;
}
