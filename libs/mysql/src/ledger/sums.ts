import { type CountDelta, sequenceKey } from '@parley/domain';
import { deltasOf, type StoredChats, type StoredRanges } from '../batch-record.ts';
import { integer } from '../literals.ts';
import type { Session } from '../session.ts';

const BATCHES_PER_STATEMENT = 200;

/** What the batches of the generations above `after`, up to and with `through`, add to each sequence, by its key. */
export async function sumBatches(
  session: Session,
  after: number,
  through: number,
): Promise<Map<string, { sequence: CountDelta['sequence']; count: number }>> {
  const sums = new Map<string, { sequence: CountDelta['sequence']; count: number }>();
  for (let generation = after + 1; generation <= through; generation++) {
    for await (const batch of batchesOf(session, generation)) {
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

async function* batchesOf(
  session: Session,
  generation: number,
): AsyncGenerator<{ messages: StoredRanges; chats: StoredChats }> {
  let after = 0;
  for (;;) {
    const batches = await session.select<{ id: number; messages: StoredRanges; chats: StoredChats }>(
      batchesOfGeneration(generation, after),
    );
    yield* batches;
    const last = batches.at(-1);
    if (last === undefined || batches.length < BATCHES_PER_STATEMENT) return;
    after = last.id;
  }
}

export function batchesOfGeneration(generation: number, after: number): string {
  return `SELECT id, messages, chats FROM batches FORCE INDEX (batches_generation)
    WHERE generation = ${integer(generation)} AND id > ${integer(after)} ORDER BY id LIMIT ${BATCHES_PER_STATEMENT}`;
}
