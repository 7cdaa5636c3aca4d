import { type FeedWindow, IDEMPOTENCY_WINDOW_MS } from '@parley/domain';
import { type PartitionState, stateOf } from '../commit.ts';
import { checkLevel } from '../level.ts';
import { integer, time } from '../literals.ts';
import type { Pool } from '../pool.ts';
import type { batches, RowOf } from '../schema.ts';
import type { Session } from '../session.ts';

/** Idempotency keys are kept for this time after they expire, because clocks differ. */
const KEY_MARGIN_MS = 60 * 60 * 1_000;
/** From so many batches, evenly spread, the room that a partition's batches take is estimated. */
const SAMPLES = 64;
/** What a batch takes besides its texts: its other columns, and its entries in the indexes. */
const ROW_BYTES = 150;

type Oldest = Pick<RowOf<typeof batches>, 'seq' | 'generation' | 'indexed' | 'created_at'>;

/**
 * Deletes in the partition at most `limit` of the oldest batches, and at most `limit` expired idempotency keys. Returns
 * how many rows. A batch is deleted if it is indexed, counted and in the inbox, and outside the window, as all before
 * it: nothing behind the first one that stays is looked at. Two processes may prune at once, because such a batch stays
 * as it is. The partition's `low` is raised, and committed, before batches are deleted.
 */
export async function prune(pool: Pool, partition: number, limit: number, window: FeedWindow): Promise<number> {
  return pool.useAgain(async (session) => {
    const state = await stateOf(session, partition);
    checkLevel(state.level); // what this program deletes was written before the level was raised
    const rows = await session.select<Oldest>(oldestBatches(partition, state.activity, limit));
    const seqs = await finished(session, partition, state, rows, window);
    const last = seqs.at(-1);
    let batches = 0;
    if (last !== undefined) {
      await session.change(
        `UPDATE partitions SET low = GREATEST(low, ${integer(last)}) WHERE partition_number = ${integer(partition)}`,
      );
      batches = (await session.change(removal(partition, seqs))).matched;
    }
    const keys = await session.change(outdatedKeys(partition, Date.now(), limit));
    return batches + keys.matched;
  });
}

/** Those of the oldest batches, up to the first that stays, that may be deleted. */
async function finished(
  session: Session,
  partition: number,
  state: PartitionState,
  rows: readonly Oldest[],
  window: FeedWindow,
): Promise<number[]> {
  const before = Date.now() - window.ms;
  const derived = upToFirst(rows, ({ generation, indexed }) => indexed === 1 && generation <= state.flushed);
  // Rows up to `low` are left over from a call that was broken off.
  const old = upToFirst(derived, ({ seq, created_at }) => seq <= state.low || created_at.getTime() < before);
  if (old.length === derived.length) return old.map(({ seq }) => seq);
  const tooMany = state.seq - (await roomFor(session, partition, state, window.bytes));
  return upToFirst(derived, (row) => row.seq <= tooMany || old.includes(row)).map(({ seq }) => seq);
}

function upToFirst<Row>(rows: readonly Row[], goes: (row: Row) => boolean): readonly Row[] {
  const stays = rows.findIndex((row) => !goes(row));
  return stays < 0 ? rows : rows.slice(0, stays);
}

/**
 * How many batches of the partition take as much room as `bytes`, by a sample: to sum all of them would read the whole
 * table. Their number is known, because no `seq` is left out.
 */
async function roomFor(
  session: Session,
  partition: number,
  { seq, low }: PartitionState,
  bytes: number,
): Promise<number> {
  const kept = seq - low;
  const samples = Math.min(kept, SAMPLES);
  const seqs = Array.from({ length: samples }, (_, place) => seq - Math.floor((place * kept) / samples));
  if (seqs.length === 0) return 0;
  const [row] = await session.select<{ bytes: number | null }>(sizeOf(partition, seqs));
  return Math.floor(bytes / (Number(row?.bytes ?? 0) + ROW_BYTES));
}

export function sizeOf(partition: number, seqs: readonly number[]): string {
  return `SELECT AVG(JSON_STORAGE_SIZE(messages) + JSON_STORAGE_SIZE(chats) + COALESCE(JSON_STORAGE_SIZE(\`reads\`), 0)) AS bytes
    FROM batches FORCE INDEX (PRIMARY)
    WHERE partition_number = ${integer(partition)} AND seq IN (${seqs.map(integer).join()})`;
}

export function oldestBatches(partition: number, through: number, limit: number): string {
  return `SELECT seq, generation, indexed, created_at FROM batches FORCE INDEX (PRIMARY)
    WHERE partition_number = ${integer(partition)} AND seq <= ${integer(through)} ORDER BY seq LIMIT ${integer(limit)}`;
}

/**
 * Deletes batches by a join, because `seq IN (…)` scans the table if it lists most of its rows (and a DELETE takes no
 * FORCE INDEX).
 */
export function removal(partition: number, seqs: readonly number[]): string {
  const rows = seqs.map((seq) => `ROW(${integer(seq)})`);
  return `DELETE b FROM (VALUES ${rows.join()}) AS finished (seq)
    STRAIGHT_JOIN batches AS b FORCE INDEX (PRIMARY)
    ON b.partition_number = ${integer(partition)} AND b.seq = finished.seq`;
}

export function outdatedKeys(partition: number, now: number, limit: number): string {
  const before = time(now - IDEMPOTENCY_WINDOW_MS - KEY_MARGIN_MS);
  return `DELETE /*+ INDEX(idempotency idempotency_at) */ FROM idempotency
    WHERE partition_number = ${integer(partition)} AND at < ${before} ORDER BY at LIMIT ${integer(limit)}`;
}
