import { describe, expect, test } from 'bun:test';
import { type AccessHint, type AccessHints, newEventId } from '@parley/domain';
import { until } from '@parley/testing';
import { type Harness, opened } from './open-harness.ts';

export interface HintsHarness extends Harness {
  /** Each is the driver of one process. A driver for one process alone has one. None of them listens yet. */
  readonly processes: readonly AccessHints[];
}

/** The tests that every driver of AccessHints must pass. */
export function hintsContract(name: string, open: () => Promise<HintsHarness>): void {
  describe(`${name} hints`, () => {
    const harness = opened(open);
    /** By process: the hints that it took. The first test begins to listen. */
    const taken: AccessHint[][] = [];

    async function listening(): Promise<readonly AccessHints[]> {
      const { processes } = harness();
      if (taken.length === 0) {
        for (const hints of processes) {
          const own: AccessHint[] = [];
          taken.push(own);
          hints.listen((hint) => own.push(hint));
        }
      }
      await until('all are connected', async () => {
        const since = await Promise.all(processes.map((hints) => hints.unbrokenSince()));
        return since.every((each) => each !== undefined);
      });
      return processes;
    }

    test('every process takes every hint, also its own, as it was told', async () => {
      for (const hints of await listening()) {
        for (const told of [{ kind: 'revoked', id: newEventId() }, { kind: 'changed' }] as const) {
          for (const own of taken) own.length = 0;
          await hints.tell(told);
          await until('all have taken it', () => taken.every(({ length }) => length > 0));
          for (const own of taken) expect(own).toEqual([told]);
        }
      }
    });

    test('hints are taken in their order', async () => {
      const [hints] = await listening();
      for (const own of taken) own.length = 0;
      const told = Array.from({ length: 100 }, (_, index) => ({ kind: 'revoked', id: String(index) }) as const);
      for (const hint of told) await hints?.tell(hint);
      await until('all have taken them', () => taken.every(({ length }) => length >= told.length));
      for (const own of taken) expect(own).toEqual(told);
    });

    test('while the connection lasts, the time since when nothing was lost stays the same', async () => {
      const processes = await listening();
      const before = await Promise.all(processes.map((hints) => hints.unbrokenSince()));
      await processes[0]?.tell({ kind: 'changed' });
      expect(await Promise.all(processes.map((hints) => hints.unbrokenSince()))).toEqual(before);
      for (const since of before) expect(since).toBeWithin(0, performance.now());
    });
  });
}
