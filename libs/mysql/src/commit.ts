import type { BatchRecord } from './batch-record.ts';
import { DatabaseFault } from './faults.ts';
import { LEVEL } from './level.ts';
import { integer, text, time } from './literals.ts';
import type { Pool } from './pool.ts';
import type { Session } from './session.ts';

/**
 * How every transaction ends that changes something in a partition.
 *
 * LOCK ORDER: first the rows of the tables, then the row of the partition, and nothing after it but the new row of
 * `batches`, whose key nobody else can have. So no two transactions wait for each other, and whoever holds the
 * partition's row is about to commit.
 *
 * All of it is one packet, with the COMMIT. What the commit insists on stands in the WHERE of the UPDATE: where it does
 * not hold, no row matches, the row of the partition is not locked, and the INSERT fails because its `seq` would be
 * NULL. The server runs no statement behind one that failed, so nothing is committed. A process that freezes at any
 * moment keeps its own rows locked, never the partition's.
 */
export interface Terms {
  readonly partition: number;
  /** The oldest epoch of what is stored; without it, no epoch matters. */
  readonly epoch?: number;
  /** The `deletes` of the partition with which owners were looked up; without it, none were. */
  readonly deletes?: number;
  /** Whether the rows are to be added to the counts. Default true. */
  readonly counted?: boolean;
}

export interface Committed {
  readonly seq: number;
  readonly generation: number;
}

/** The generation of batches that add nothing: it counts as summed from the beginning. */
const NOTHING_TO_COUNT = '0';

/** The last statements of a transaction, in one packet. Fails with a fault of kind `refused` where the terms do not hold. */
export function commitStatements(terms: Terms, record: BatchRecord): string[] {
  const here = `partition_number = ${integer(terms.partition)}`;
  const conditions = [
    here,
    `level <= ${LEVEL}`,
    ...(terms.epoch === undefined ? [] : [`oldest <= ${integer(terms.epoch)}`]),
    ...(terms.deletes === undefined ? [] : [`deletes = ${integer(terms.deletes)}`]),
  ];
  const own = (column: string) => `(SELECT ${column} FROM partitions WHERE ${here})`;
  const generation = terms.counted === false ? NOTHING_TO_COUNT : own('generation');
  // What has no message has nothing to be indexed.
  const indexed = record.documents === 0 ? 1 : 0;
  const messages = text(JSON.stringify(record.messages));
  const chats = text(JSON.stringify(record.chats));
  return [
    `UPDATE partitions SET seq = seq + 1 WHERE ${conditions.join(' AND ')}`,
    `INSERT INTO batches (partition_number, seq, generation, messages, chats, documents, indexed, created_at)
     VALUES (${integer(terms.partition)}, IF(ROW_COUNT() = 1, ${own('seq')}, NULL), ${generation}, ${messages}, ${chats},
     ${integer(record.documents)}, ${indexed}, ${time(Date.now())})`,
    `SELECT seq, generation FROM partitions WHERE ${here}`,
    'COMMIT',
  ];
}

/** To stand behind an UPDATE of the partition's row that adds no batch: fails unless the row matched. */
export function unlessMatched(partition: number): string {
  return `INSERT INTO batches (partition_number, seq, generation, messages, chats, documents, created_at)
    SELECT ${integer(partition)}, NULL, 0, '[]', '[]', 0, NOW(3) FROM DUAL WHERE ROW_COUNT() <> 1`;
}

/** What a partition's row says; read without a lock. */
export interface PartitionState {
  readonly seq: number;
  readonly oldest: number;
  readonly generation: number;
  readonly flushed: number;
  readonly deletes: number;
  readonly level: number;
}

export async function stateOf(session: Session, partition: number): Promise<PartitionState> {
  const [row] = await session.select<PartitionState>(
    `SELECT seq, oldest, generation, flushed, deletes, level FROM partitions WHERE partition_number = ${integer(partition)}`,
  );
  if (row === undefined) throw new DatabaseFault('outage', 'NO_PARTITION');
  return row;
}

/**
 * Commits in the partition and answers its `seq`. With an `epoch` above 0, no older one is stored any more: who raises
 * `oldest` waits for the commits that have read the one before.
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
