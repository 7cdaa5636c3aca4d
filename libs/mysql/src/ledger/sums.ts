import { type ChangeRecord, type CountDelta, deltasOf, sequenceKey } from '@parley/domain';
import { integer } from '../literals.ts';
import type { batches, RowOf } from '../schema.ts';
import type { Session } from '../session.ts';

const BATCHES_PER_STATEMENT = 200;

type Batch = Pick<RowOf<typeof batches>, 'seq' | 'messages' | 'chats'> & Pick<ChangeRecord, 'kind'>;

/**
 * How many rows each sequence (an application's chats, a chat's messages) has gained (lost, if negative) in a
 * partition's counter generations above `after` up to `through`, by `sequenceKey`. Updates are in generation 0, so they
 * add nothing. A batch of an earlier program has no kind: in a generation it created rows.
 */
export async function sumBatches(
  session: Session,
  partition: number,
  after: number,
  through: number,
): Promise<Map<string, CountDelta>> {
  const sums = new Map<string, { sequence: CountDelta['sequence']; count: number }>();
  for (let generation = after + 1; generation <= through; generation++) {
    for await (const batch of batchesOf(session, partition, generation)) {
      for (const { sequence, count } of deltasOf(batch)) {
        const key = sequenceKey(sequence);
        const sum = sums.get(key);
        if (sum === undefined) sums.set(key, { sequence, count });
        else sum.count += count;
      }
    }
  }
  return sums;
}

async function* batchesOf(session: Session, partition: number, generation: number): AsyncGenerator<Batch> {
  let after = 0;
  for (;;) {
    const batches = await session.select<Batch>(batchesOfGeneration(partition, generation, after));
    yield* batches;
    const last = batches.at(-1);
    if (last === undefined || batches.length < BATCHES_PER_STATEMENT) return;
    after = last.seq;
  }
}

export function batchesOfGeneration(partition: number, generation: number, after: number): string {
  return `SELECT seq, COALESCE(kind, 'created') AS kind, messages, chats FROM batches FORCE INDEX (batches_generation)
    WHERE partition_number = ${integer(partition)} AND generation = ${integer(generation)} AND seq > ${integer(after)}
    ORDER BY seq LIMIT ${BATCHES_PER_STATEMENT}`;
}
