import { changesOf, type Feed, type FeedEntry, type FeedHead, type FeedPage } from '@parley/domain';
import { DatabaseFault, refusing } from './faults.ts';
import { integer } from './literals.ts';
import type { Pool } from './pool.ts';
import type { batches, RowOf } from './schema.ts';
import type { Session } from './session.ts';

/** The feed on the rows of `batches`. Each method is one statement, and so one snapshot. */
export function mysqlFeed(pool: Pool): Feed {
  return {
    heads: () => refusing(pool.useAgain((session) => session.select<FeedHead>(HEADS))),
    read: (partition, after, limit) => refusing(pool.useAgain((session) => read(session, partition, after, limit))),
  };
}

export const HEADS = 'SELECT partition_number AS `partition`, seq, low FROM partitions ORDER BY partition_number';

async function read(session: Session, partition: number, after: number, limit: number): Promise<FeedPage> {
  const { seq, low, records } = await recordsAfter(session, partition, after, limit);
  return { partition, seq, low, entries: records.map(toEntry) };
}

function toEntry(record: StoredRecord): FeedEntry {
  const { kind, messages, chats, reads } = record;
  const changes = changesOf({ kind, messages, chats, ...(reads === null ? {} : { reads }) });
  return { seq: record.seq, at: record.created_at.getTime(), changes };
}

type Row = Pick<RowOf<typeof batches>, 'seq' | 'generation' | 'messages' | 'chats' | 'created_at'> & {
  readonly kind: RowOf<typeof batches>['kind'] | null;
  readonly reads: RowOf<typeof batches>['reads'] | null;
};
type Joined = { readonly head: number; readonly low: number; readonly activity: number } & (
  | Row
  | { readonly seq: null }
);

export interface StoredRecord extends Row {
  readonly kind: NonNullable<Row['kind']>;
  /** Whether an earlier program has written it, without the numbers of the chats. */
  readonly early: boolean;
}

export interface RecordPage {
  readonly seq: number;
  readonly low: number;
  readonly activity: number;
  readonly records: readonly StoredRecord[];
}

/** The partition's state and its batches after a `seq`, in one snapshot. */
export async function recordsAfter(
  session: Session,
  partition: number,
  after: number,
  limit: number,
): Promise<RecordPage> {
  const rows = await session.select<Joined>(recordsStatement(partition, after, limit));
  const [first] = rows;
  if (first === undefined) throw new DatabaseFault('outage', 'NO_PARTITION');
  const { head: seq, low, activity } = first;
  const records = rows.flatMap((row) => (row.seq === null ? [] : [toRecord(row)]));
  return { seq, low, activity, records: records.sort((a, b) => a.seq - b.seq) };
}

/** A row of an earlier program has no kind: it created rows, or updated one, which adds nothing to a generation. */
function toRecord(row: Row): StoredRecord {
  return { ...row, kind: row.kind ?? (row.generation === 0 ? 'updated' : 'created'), early: row.kind === null };
}

export function recordsStatement(partition: number, after: number, limit: number): string {
  const here = `partition_number = ${integer(partition)}`;
  return `SELECT p.seq AS head, p.low, p.activity, b.* FROM partitions AS p
    LEFT JOIN (SELECT seq, kind, generation, messages, chats, \`reads\`, created_at FROM batches FORCE INDEX (PRIMARY)
      WHERE ${here} AND seq > ${integer(after)} ORDER BY seq LIMIT ${integer(limit)}) AS b ON TRUE
    WHERE p.${here}`;
}
