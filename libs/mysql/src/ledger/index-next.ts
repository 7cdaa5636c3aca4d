import type { ApplyDocuments } from '@parley/domain';
import { mergeRanges, rangesOf, type StoredRanges } from '../batch-record.ts';
import { integer } from '../literals.ts';
import type { Pool } from '../pool.ts';
import type { Session } from '../session.ts';
import { documentGroups } from './documents.ts';

/** Batches taken at once. An update is a batch of one message, so there can be many small ones. */
const BATCHES_MAX = 500;

interface Waiting {
  readonly id: number;
  readonly documents: number;
  readonly messages: StoredRanges;
}

/**
 * One transaction: its row locks say which batches are in hand, so a process that dies gives them back by itself.
 * The rows are read after the batches are locked; a batch that is visible was committed with its rows, so what is read
 * is at least as new as what the batch tells of, and whatever comes later has a batch of its own.
 */
export function indexNext(pool: Pool, documentsMax: number, apply: ApplyDocuments): Promise<number> {
  return pool.use((session) =>
    session.transaction(async () => {
      const batches = await takeBatches(session, documentsMax);
      if (batches.length === 0) return 0;
      const indices = await session.select<{ name: string }>(INDICES_FOR_WRITING);
      const names = indices.map(({ name }) => name);
      const ranges = mergeRanges(batches.flatMap(({ messages }) => rangesOf(messages)));
      let documents = 0;
      for await (const group of documentGroups(session, ranges, documentsMax)) {
        await apply(group, names);
        documents += group.length;
      }
      await session.change(markIndexed(batches.map(({ id }) => id)));
      return documents;
    }),
  );
}

/**
 * Read after the batches are locked. An index that was added before this is written to; one that is added later is
 * filled by a scan that begins later still, and so sees what these batches tell of.
 * The shared lock holds until the end: whoever drops an index waits for those who write to it.
 */
const INDICES_FOR_WRITING = 'SELECT name FROM search_indices ORDER BY created_at, name FOR SHARE';

/** The oldest batches that nobody has locked, of about `documentsMax` documents together, at least one. */
async function takeBatches(session: Session, documentsMax: number): Promise<Waiting[]> {
  const sizes = await session.select<{ documents: number }>(waitingBatches('documents', BATCHES_MAX));
  const wanted = countUpTo(sizes, documentsMax);
  if (wanted === 0) return [];
  const locked = await session.select<Waiting>(
    `${waitingBatches('id, documents, messages', wanted)} FOR UPDATE SKIP LOCKED`,
  );
  // Where others hold the oldest, these are others than were looked at, and may be larger.
  return locked.slice(0, countUpTo(locked, documentsMax));
}

export function waitingBatches(columns: string, limit: number): string {
  return `SELECT ${columns} FROM batches FORCE INDEX (batches_indexed) WHERE indexed = 0 ORDER BY id LIMIT ${integer(limit)}`;
}

/** Forced onto the key: a statement that scans would wait for the batches that other indexers hold. */
export function markIndexed(ids: readonly number[]): string {
  return `UPDATE batches FORCE INDEX (PRIMARY) SET indexed = 1 WHERE id IN (${ids.map(integer).join()})`;
}

/** How many from the front have at most `documentsMax` documents together; one at least, where there is one. */
function countUpTo(batches: readonly { readonly documents: number }[], documentsMax: number): number {
  let documents = 0;
  let count = 0;
  for (const batch of batches) {
    documents += batch.documents;
    if (count > 0 && documents > documentsMax) break;
    count++;
  }
  return count;
}
