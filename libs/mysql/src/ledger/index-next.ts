import type { ApplyDocuments } from '@parley/domain';
import { mergeRanges, rangesOf } from '../batch-record.ts';
import { integer } from '../literals.ts';
import type { Pool } from '../pool.ts';
import type { batches, RowOf } from '../schema.ts';
import { documentGroups } from './documents.ts';
import { SEARCH_INDICES } from './search-indices.ts';

/** Batches looked at in each partition. An update is a batch of one message, so there can be many small ones. */
const BATCHES_MAX = 500;

type Waiting = Pick<RowOf<typeof batches>, 'partition_number' | 'seq' | 'documents' | 'created_at'>;

/**
 * What this process has in hand, so that its lanes do not take the same: in each partition, up to which `seq`. Kept here
 * and not as locks: no transaction is open while the index works, and the same batch applied twice does no harm.
 */
export class BatchesInHand {
  readonly #through = new Map<number, number>();
  #lanes = 0;

  begin(): void {
    this.#lanes += 1;
  }

  /** Where nobody works, what is not noted as indexed is in nobody's hand. */
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

  /** It failed: what is not noted as indexed may be taken again, also by a lane that is at it. */
  giveBack(partitions: Iterable<number>): void {
    for (const partition of partitions) this.#through.delete(partition);
  }
}

/**
 * Three steps, each by itself: reads what waits in several partitions, sends it, notes it partition by partition. The
 * messages are read after the batches; a batch that is visible was committed with its rows, so what is read is at least
 * as new as what the batch tells of, and whatever comes later has a batch of its own.
 * The list of indices is read after the batches too. An index that was added before is written to; one that is added
 * later is filled by a scan that begins later still, and so sees what these batches tell of.
 */
export async function indexNext(
  pool: Pool,
  inHand: BatchesInHand,
  partitions: readonly number[],
  documentsMax: number,
  apply: ApplyDocuments,
): Promise<number> {
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

/** The oldest of all partitions, of about `documentsMax` documents together, at least one. */
function oldest(waiting: readonly Waiting[], documentsMax: number): readonly Waiting[] {
  // One that is behind another of its partition is not taken before it, whatever the clocks of the workers said.
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

/** What waits in the partitions behind what is in hand, the oldest of each. */
export function waitingBatches(partitions: readonly number[], after: (partition: number) => number): string {
  const parts = partitions.map(
    (partition) => `(SELECT partition_number, seq, documents, created_at FROM batches FORCE INDEX (batches_indexed)
      WHERE indexed = 0 AND partition_number = ${integer(partition)} AND seq > ${integer(after(partition))}
      ORDER BY seq LIMIT ${BATCHES_MAX})`,
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

/** Forced onto the key: on a small table the optimizer would scan, and lock, all of it. */
export function markIndexed(partition: number, seqs: readonly number[]): string {
  return `UPDATE batches FORCE INDEX (PRIMARY) SET indexed = 1
    WHERE partition_number = ${integer(partition)} AND seq IN (${seqs.map(integer).join()})`;
}
