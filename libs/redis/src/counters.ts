import { type CountDelta, type Counters, type Sequence, sequenceKey } from '@parley/domain';
import type { Cluster, Redis } from 'ioredis';
import type { Keys } from './keys.ts';
import { bounded } from './unavailable.ts';

/**
 * How long live counts are kept. A safety net: normally a generation, a period of counting, is deleted a minute or two
 * after its end, once it is in the store's sums.
 */
const GENERATION_SECONDS = 7 * 24 * 60 * 60;
/** The most counts in one call: Lua can pass only some thousand values to a function. */
const FIELDS_MAX = 1_000;

/** Live counts in Redis: two hashes for each partition and each generation, a period of counting. */
export class RedisCounters implements Counters {
  readonly #client: Redis | Cluster;
  readonly #keys: Keys;

  constructor(client: Redis | Cluster, keys: Keys) {
    this.#client = client;
    this.#keys = keys;
  }

  async add(generation: number, deltas: readonly CountDelta[]): Promise<void> {
    const byPartition = groupBy(deltas, ({ sequence }) => this.#keys.partitionOf(sequence.token));
    await Promise.all(
      [...byPartition].map(([partition, own]) => {
        const base = this.#keys.base(partition);
        return bounded(
          this.#client.parleyAddCounts(
            this.#keys.generations(partition),
            `${base}g${generation}:chats`,
            `${base}g${generation}:messages`,
            generation,
            GENERATION_SECONDS,
            ...own.flatMap(({ sequence, count }) => [hashOf(sequence), sequenceKey(sequence), count]),
          ),
        );
      }),
    );
  }

  async pending(countedThrough: number, sequences: readonly Sequence[]): Promise<readonly number[]> {
    const sums = Array<number>(sequences.length).fill(0);
    const groups = groupBy([...sequences.keys()], (index) => this.#groupOf(sequences[index] as Sequence));
    await Promise.all(
      [...groups.values()].flatMap(chunks).map(async (indexes) => {
        const asked = indexes.map((index) => sequences[index] as Sequence);
        for (const [position, sum] of (await this.#sums(countedThrough, asked)).entries()) {
          sums[indexes[position] as number] = sum;
        }
      }),
    );
    return sums;
  }

  async drop(partition: number, through: number): Promise<void> {
    const [generations, base] = [this.#keys.generations(partition), this.#keys.base(partition)];
    await bounded(this.#client.parleyDropCounts(generations, through, base));
  }

  /** A text that sequences have in common if they are counted in the same hashes. */
  #groupOf({ kind, token }: Sequence): string {
    return `${this.#keys.partitionOf(token)}:${kind}`;
  }

  async #sums(countedThrough: number, sequences: readonly Sequence[]): Promise<number[]> {
    const [first] = sequences;
    if (first === undefined) return [];
    const partition = this.#keys.partitionOf(first.token);
    const sums = await bounded(
      this.#client.parleyPendingCounts(
        this.#keys.generations(partition),
        countedThrough,
        this.#keys.base(partition),
        first.kind,
        ...sequences.map(sequenceKey),
      ),
    );
    return (sums as unknown[]).map(Number);
  }
}

/** Which hash of the script has a sequence's count: 1 for chats, 2 for messages. */
function hashOf({ kind }: Sequence): 1 | 2 {
  return kind === 'chats' ? 1 : 2;
}

function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

function chunks<T>(items: readonly T[]): T[][] {
  const parts: T[][] = [];
  for (let start = 0; start < items.length; start += FIELDS_MAX) parts.push(items.slice(start, start + FIELDS_MAX));
  return parts;
}
