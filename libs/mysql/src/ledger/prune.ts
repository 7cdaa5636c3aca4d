import { IDEMPOTENCY_WINDOW_MS } from '@parley/domain';
import { integer, time } from '../literals.ts';
import type { Pool } from '../pool.ts';
import { generationOf } from './flush.ts';

/** Keys are kept this much longer than they are answered for: clocks differ. */
const KEY_MARGIN_MS = 60 * 60 * 1_000;

/**
 * The ids are read without a lock and deleted by key: a DELETE that searches would wait for the batches that indexers
 * hold. What is indexed and counted stays so, therefore two processes that prune at once do no harm.
 */
export async function prune(pool: Pool, limit: number): Promise<number> {
  return pool.useAgain(async (session) => {
    const flushed = await generationOf(session, 'flushed');
    const rows = await session.select<{ id: number }>(finishedBatches(flushed, limit));
    const batches = rows.length === 0 ? 0 : (await session.change(removal(rows.map(({ id }) => id)))).matched;
    const keys = await session.change(outdatedKeys(Date.now(), limit));
    return batches + keys.matched;
  });
}

export function finishedBatches(flushed: number, limit: number): string {
  return `SELECT id FROM batches FORCE INDEX (batches_indexed)
    WHERE indexed = 1 AND generation <= ${integer(flushed)} ORDER BY id LIMIT ${integer(limit)}`;
}

/** A join, because `id IN (…)` scans the table where these are most of it (a DELETE takes no FORCE INDEX for that). */
export function removal(ids: readonly number[]): string {
  const rows = ids.map((id) => `ROW(${integer(id)})`);
  return `DELETE b FROM (VALUES ${rows.join()}) AS finished (id)
    STRAIGHT_JOIN batches AS b FORCE INDEX (PRIMARY) ON b.id = finished.id`;
}

export function outdatedKeys(now: number, limit: number): string {
  const before = time(now - IDEMPOTENCY_WINDOW_MS - KEY_MARGIN_MS);
  return `DELETE /*+ INDEX(idempotency idempotency_at) */ FROM idempotency WHERE at < ${before} ORDER BY at LIMIT ${integer(limit)}`;
}
