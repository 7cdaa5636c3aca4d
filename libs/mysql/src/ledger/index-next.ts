import { type ApplyDocuments, mergeRanges, rangesOf } from '@parley/domain';
import { isKnown } from '../level.ts';
import { integer } from '../literals.ts';
import type { Pool } from '../pool.ts';
import type { batches, RowOf } from '../schema.ts';
import { documentGroups } from './documents.ts';
import { SEARCH_INDICES } from './search-indices.ts';

/**
 * The most batches that one call reads in each partition. An update is a batch of one message, so there may be many.
 */
const BATCHES_MAX = 500;

type Waiting = Pick<RowOf<typeof batches>, 'partition_number' | 'seq' | 'documents' | 'created_at'>;

/**
 * The batches that this process is indexing: the highest `seq` taken in each partition. A lane (one call of indexNext)
 * takes only batches above it, so two lanes take different ones. This is in memory and not in locks, because no
 * transaction may be open during a bulk request, and indexing a batch twice does no harm.
 */
export class BatchesInHand {
  readonly #through = new Map<number, number>();
  #lanes = 0;

  begin(): void {
    this.#lanes += 1;
  }

  /** Ends a lane. When none is left, no batch is being indexed. */
  end(): void {
    this.#lanes -= 1;
    if (this.#lanes === 0) this.#through.clear();
  }

  after(partition: number): number {
    return this.#through.get(partition) ?? 0;
  }

  take(batches: readonly Waiting[]): void {
    for (const { partition_number: partition, seq } of batches) {
      this.#through.set(partition, Math.max(seq, this.after(partition)));
    }
  }

  /**
   * Call it after a failure: the partitions' batches that are not marked as indexed may be taken again, even those that
   * another lane is indexing.
   */
  giveBack(partitions: Iterable<number>): void {
    for (const partition of partitions) this.#through.delete(partition);
  }
}

/**
 * Reads unindexed batches of several partitions, gives their messages to `apply`, and marks the batches as indexed.
 * These are separate steps without a common transaction. Returns the number of messages.
 * The messages are read after the batches. A batch was committed with its messages, so each message is at least as new
 * as its batch, and later changes have batches of their own.
 * The list of search indices is also read after the batches. An index that was added before that read gets the
 * messages. An index that is added later is filled by an even later scan of all messages.
 */
export async function indexNext(
  pool: Pool,
  inHand: BatchesInHand,
  partitions: readonly number[],
  documentsMax: number,
  apply: ApplyDocuments,
): Promise<number> {
  if (partitions.length === 0) return 0; // there are more workers than partitions
  inHand.begin();
  return pool
    .use(async (session) => {
      const waiting = await session.select<Waiting>(waitingBatches(partitions, (partition) => inHand.after(partition)));
      const taken = oldest(waiting, documentsMax);
      if (taken.length === 0) return 0;
      inHand.take(taken);
      const byPartition = Map.groupBy(taken, (batch) => batch.partition_number);
      try {
        const records = await session.select<Pick<RowOf<typeof batches>, 'partition_number' | 'messages'>>(
          recordsOf(byPartition),
        );
        const indices = await session.select<{ name: string }>(SEARCH_INDICES);
        const names = indices.map(({ name }) => name);
        const ranges = [...Map.groupBy(records, (record) => record.partition_number)].flatMap(([partition, own]) =>
          mergeRanges(own.flatMap(({ messages }) => rangesOf(messages))).map((range) => ({ ...range, partition })),
        );
        let documents = 0;
        for await (const group of documentGroups(session, ranges, documentsMax)) {
          await apply(group, names);
          documents += group.length;
        }
        for (const [partition, own] of byPartition) {
          await session.change(
            markIndexed(
              partition,
              own.map(({ seq }) => seq),
            ),
          );
        }
        return documents;
      } catch (error) {
        inHand.giveBack(byPartition.keys());
        throw error;
      }
    })
    .finally(() => inHand.end());
}

/** The oldest of the batches, with at most `documentsMax` messages together, but at least one batch. */
function oldest(waiting: readonly Waiting[], documentsMax: number): readonly Waiting[] {
  // A batch never counts as older than one with a lower `seq` of its partition, even if the workers' clocks differ.
  const latest = new Map<number, number>();
  const times = new Map<Waiting, number>();
  for (const batch of waiting) {
    const at = Math.max(batch.created_at.getTime(), latest.get(batch.partition_number) ?? 0);
    latest.set(batch.partition_number, at);
    times.set(batch, at);
  }
  const sorted = waiting.toSorted((a, b) => (times.get(a) ?? 0) - (times.get(b) ?? 0));
  const taken: Waiting[] = [];
  let documents = 0;
  for (const batch of sorted) {
    documents += batch.documents;
    if (taken.length > 0 && documents > documentsMax) break;
    taken.push(batch);
  }
  return taken;
}

/**
 * The oldest unindexed batches of each partition whose `seq` is above `after(partition)`; none of a partition whose
 * level this program does not know.
 */
export function waitingBatches(partitions: readonly number[], after: (partition: number) => number): string {
  const parts = partitions.map(
    (partition) => `(SELECT partition_number, seq, documents, created_at FROM batches FORCE INDEX (batches_indexed)
      WHERE indexed = 0 AND partition_number = ${integer(partition)} AND seq > ${integer(after(partition))}
      AND ${isKnown(partition)} ORDER BY seq LIMIT ${BATCHES_MAX})`,
  );
  return parts.join(' UNION ALL ');
}

export function recordsOf(batches: ReadonlyMap<number, readonly { readonly seq: number }[]>): string {
  const keys = [...batches].flatMap(([partition, own]) =>
    own.map(({ seq }) => `(${integer(partition)},${integer(seq)})`),
  );
  return `SELECT partition_number, messages FROM batches FORCE INDEX (PRIMARY)
    WHERE (partition_number, seq) IN (${keys.join()})`;
}

/** Marks batches as indexed, with FORCE INDEX: on a small table the optimizer would scan, and so lock, all rows. */
export function markIndexed(partition: number, seqs: readonly number[]): string {
  return `UPDATE batches FORCE INDEX (PRIMARY) SET indexed = 1
    WHERE partition_number = ${integer(partition)} AND seq IN (${seqs.map(integer).join()})`;
}
