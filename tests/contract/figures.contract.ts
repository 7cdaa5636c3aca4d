import { describe, expect, test } from 'bun:test';
import { type Figures, newEventId, type ProgramFigures } from '@parley/domain';
import { type Harness, opened } from './open-harness.ts';

export interface FiguresHarness extends Harness {
  readonly figures: Figures;
}

/** The tests that every driver of Figures must pass. That figures are forgotten is up to each driver's own tests. */
export function figuresContract(name: string, open: () => Promise<FiguresHarness>): void {
  describe(`${name} figures`, () => {
    const harness = opened(open);

    function figuresOf(some: Partial<ProgramFigures> = {}): ProgramFigures {
      const at = Date.now();
      return { id: newEventId(), name: 'api', version: '1.2.3', startedAt: at - 1_000, at, values: {}, ...some };
    }

    /** The figures of these programs, in the order in which they are read. Other tests may have put more. */
    async function read(...put: readonly ProgramFigures[]): Promise<readonly ProgramFigures[]> {
      const ids = new Set(put.map(({ id }) => id));
      return (await harness().figures.all()).filter(({ id }) => ids.has(id));
    }

    test('what a program puts is read as it was', async () => {
      const put = figuresOf({
        values: { requests_total: 12_345_678_901, seconds_sum: 0.125, 'ümlaut "x"': -1, zero: 0 },
      });
      await harness().figures.put(put);
      expect(await read(put)).toEqual([put]);
    });

    test('it replaces what the program has put before', async () => {
      const first = figuresOf({ values: { one: 1, two: 2 } });
      await harness().figures.put(first);
      const second = { ...first, at: first.at + 2_000, values: { two: 3 } };
      await harness().figures.put(second);
      expect(await read(first)).toEqual([second]);
    });

    test('programs are read by name, then by their start', async () => {
      const startedAt = Date.now();
      const [worker, late, early, ingest] = [
        figuresOf({ name: 'worker', startedAt: 1 }),
        figuresOf({ startedAt }),
        figuresOf({ startedAt: startedAt - 10 }),
        figuresOf({ name: 'ingest', startedAt: startedAt + 1 }),
      ] as const;
      for (const each of [worker, late, early, ingest]) await harness().figures.put(each);
      expect(await read(worker, late, early, ingest)).toEqual([early, late, ingest, worker]);
    });
  });
}
