import { describe, expect, test } from 'bun:test';
import { type Counters, newToken, type Sequence } from '@parley/domain';
import { type Harness, opened } from './open-harness.ts';

export interface CountersHarness extends Harness {
  readonly counters: Counters;
  /**
   * Returns a generation (the number under which counts are added and dropped) above all earlier ones. So tests on a
   * shared server do not disturb each other.
   */
  nextGeneration(): number;
  /** The number of partitions into which the driver divides its counts; 1 if it does not divide them. */
  readonly partitions: number;
}

/** The tests that every driver of Counters must pass. */
export function countersContract(name: string, open: () => Promise<CountersHarness>): void {
  describe(`${name} counters`, () => {
    const harness = opened(open);
    const chatsOf = (token = newToken()): Sequence => ({ kind: 'chats', token });
    const messagesOf = (token = newToken(), chat = 1): Sequence => ({ kind: 'messages', token, chat });

    const dropAll = async (through: number) => {
      const { counters, partitions } = harness();
      for (let partition = 0; partition < partitions; partition += 1) await counters.drop(partition, through);
    };

    test('a sequence that nothing was added to has a pending count of 0', async () => {
      const { counters } = harness();
      expect(await counters.pending(0, [chatsOf(), messagesOf()])).toEqual([0, 0]);
    });

    test('the pending counts of no sequences are an empty list', async () => {
      expect(await harness().counters.pending(0, [])).toEqual([]);
    });

    test('an empty addition is accepted', async () => {
      await harness().counters.add(harness().nextGeneration(), []);
    });

    test('counts that are added in one generation are summed', async () => {
      const { counters, nextGeneration } = harness();
      const generation = nextGeneration();
      const sequence = chatsOf();
      await counters.add(generation, [{ sequence, count: 2 }]);
      await counters.add(generation, [{ sequence, count: 40 }]);
      expect(await counters.pending(generation - 1, [sequence])).toEqual([42]);
    });

    test('a sequence that is named twice in one addition is counted twice', async () => {
      const { counters, nextGeneration } = harness();
      const generation = nextGeneration();
      const sequence = messagesOf();
      const deltas = [
        { sequence, count: 1 },
        { sequence, count: 2 },
      ];
      await counters.add(generation, deltas);
      expect(await counters.pending(generation - 1, [sequence])).toEqual([3]);
    });

    test('concurrent additions are all counted', async () => {
      const { counters, nextGeneration } = harness();
      const generation = nextGeneration();
      const sequence = messagesOf();
      await Promise.all(Array.from({ length: 50 }, () => counters.add(generation, [{ sequence, count: 1 }])));
      expect(await counters.pending(generation - 1, [sequence])).toEqual([50]);
    });

    test('pending counts come in the order of the sequences asked for, even if one is asked for twice', async () => {
      const { counters, nextGeneration } = harness();
      const generation = nextGeneration();
      const [a, b, unknown] = [chatsOf(), messagesOf(), chatsOf()];
      const deltas = [
        { sequence: a, count: 1 },
        { sequence: b, count: 2 },
      ];
      await counters.add(generation, deltas);
      expect(await counters.pending(generation - 1, [b, unknown, a, b])).toEqual([2, 0, 1, 2]);
    });

    test("an application's chats and the messages of its chats are counted separately", async () => {
      const { counters, nextGeneration } = harness();
      const generation = nextGeneration();
      const token = newToken();
      const sequences = [chatsOf(token), messagesOf(token, 1), messagesOf(token, 2), messagesOf(token, 12)];
      await counters.add(
        generation,
        sequences.map((sequence, index) => ({ sequence, count: index + 1 })),
      );
      expect(await counters.pending(generation - 1, sequences)).toEqual([1, 2, 3, 4]);
    });

    test('only generations above the given one are pending', async () => {
      const { counters, nextGeneration } = harness();
      const sequence = chatsOf();
      const [first, second, third] = [nextGeneration(), nextGeneration(), nextGeneration()];
      await counters.add(first, [{ sequence, count: 1 }]);
      await counters.add(second, [{ sequence, count: 10 }]);
      await counters.add(third, [{ sequence, count: 100 }]);
      expect(await counters.pending(first - 1, [sequence])).toEqual([111]);
      expect(await counters.pending(first, [sequence])).toEqual([110]);
      expect(await counters.pending(second, [sequence])).toEqual([100]);
      expect(await counters.pending(third, [sequence])).toEqual([0]);
    });

    test('dropping a generation removes it and those below, and keeps those above', async () => {
      const { counters, nextGeneration } = harness();
      const sequence = messagesOf();
      const [first, second, third] = [nextGeneration(), nextGeneration(), nextGeneration()];
      await counters.add(first, [{ sequence, count: 1 }]);
      await counters.add(second, [{ sequence, count: 10 }]);
      await counters.add(third, [{ sequence, count: 100 }]);
      await dropAll(second);
      expect(await counters.pending(first - 1, [sequence])).toEqual([100]);
    });

    test('dropping in one partition keeps the counts of the others', async () => {
      const { counters, nextGeneration, partitions } = harness();
      if (partitions === 1) return;
      const generation = nextGeneration();
      const sequences = Array.from({ length: partitions }, (_, partition) =>
        chatsOf(`${String(partition).padStart(8, '0')}${newToken().slice(8)}`),
      );
      await counters.add(
        generation,
        sequences.map((sequence) => ({ sequence, count: 3 })),
      );
      await counters.drop(1, generation);
      const expected = sequences.map((_, partition) => (partition === 1 ? 0 : 3));
      expect(await counters.pending(generation - 1, sequences)).toEqual(expected);
    });

    test('dropping a generation twice, or one that does not exist, changes nothing', async () => {
      const { counters, nextGeneration } = harness();
      const sequence = chatsOf();
      const dropped = nextGeneration();
      const kept = nextGeneration();
      await counters.add(kept, [{ sequence, count: 7 }]);
      await dropAll(dropped);
      await dropAll(dropped);
      expect(await counters.pending(dropped, [sequence])).toEqual([7]);
    });
  });
}
