import { type CountDelta, type Counters, type Sequence, sequenceKey } from '@parley/domain';

/**
 * Live counts in memory. They stay empty, because the embedded store counts rows in the transaction that stores them.
 */
export class EmbeddedCounters implements Counters {
  readonly #generations = new Map<number, Map<string, number>>();

  async add(generation: number, deltas: readonly CountDelta[]): Promise<void> {
    const counts = this.#generations.get(generation) ?? new Map<string, number>();
    this.#generations.set(generation, counts);
    for (const { sequence, count } of deltas) {
      const key = sequenceKey(sequence);
      counts.set(key, (counts.get(key) ?? 0) + count);
    }
  }

  async pending(countedThrough: number, sequences: readonly Sequence[]): Promise<readonly number[]> {
    const waiting = [...this.#generations].filter(([generation]) => generation > countedThrough);
    return sequences.map((sequence) => {
      const key = sequenceKey(sequence);
      return waiting.reduce((sum, [, counts]) => sum + (counts.get(key) ?? 0), 0);
    });
  }

  async drop(_partition: number, through: number): Promise<void> {
    for (const generation of this.#generations.keys()) {
      if (generation <= through) this.#generations.delete(generation);
    }
  }
}
