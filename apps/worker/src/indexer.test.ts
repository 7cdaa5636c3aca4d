import { afterEach, expect, test } from 'bun:test';
import { createLogger } from '@parley/runtime';
import { until } from '@parley/testing';
import { Registry } from 'prom-client';
import { Indexer } from './indexer.ts';

const HOUR_MS = 3_600_000;
const DOCUMENTS_MAX = 10;

let running: Indexer | undefined;
afterEach(async () => running?.stop());

/**
 * An indexer that finds these numbers of documents, round after round, then none. `done` has what it does, in order:
 * `write` for a round with documents, `look` for one without, `refresh` with the indices. `tended` grows at the
 * start and after each failure.
 */
function indexing(rounds: readonly number[], { everyMs = HOUR_MS, refresh = async () => {} } = {}) {
  const done: string[] = [];
  const tended: number[] = [];
  const left = [...rounds];
  const indexer = new Indexer({
    ledger: {
      indexNext: async (_, apply) => {
        await Bun.sleep(0); // else a long backlog would let nothing else happen
        const documents = left.shift() ?? 0;
        if (documents > 0) await apply([], ['one', 'two']);
        done.push(documents > 0 ? 'write' : 'look');
        return documents;
      },
      unindexed: async () => ({ batches: 0 }),
    },
    upkeep: {
      tend: async () => void tended.push(performance.now()),
      apply: async () => {},
      refresh: async (indices) => {
        done.push(`refresh ${indices.join()}`);
        await refresh();
      },
      stopped: async () => {},
    },
    logger: createLogger('test', 'silent'),
    registry: new Registry(),
    ...{ documentsMax: DOCUMENTS_MAX, everyMs },
  });
  running = indexer;
  indexer.start();
  return { indexer, done, tended };
}

test('a round that has written is shown to searches at once, by one refresh', async () => {
  const { done } = indexing([1]);
  await until('it has refreshed', () => done.length === 2);
  expect(done).toEqual(['write', 'refresh one,two']);
});

test('a round that finds nothing refreshes nothing', async () => {
  const { indexer, done } = indexing([]);
  await until('it has looked', () => done.length === 1);
  await indexer.stop();
  expect(done).toEqual(['look']);
});

test('a backlog is refreshed no more often than other rounds; what is written last is shown too', async () => {
  const full = Array(20).fill(DOCUMENTS_MAX);
  const { done } = indexing([...full, 1]);
  await until('the backlog is written', () => done.filter((what) => what === 'write').length === 21);
  await until('the last is shown', () => done.at(-1) !== 'write');
  expect(done.filter((what) => what.startsWith('refresh'))).toHaveLength(2);
});

test('a stop in the middle of a backlog shows what was written since the last refresh', async () => {
  const { indexer, done } = indexing(Array(1_000).fill(DOCUMENTS_MAX));
  await until('some of it is written', () => done.length > 3);
  await indexer.stop();
  expect(done.filter((what) => what.startsWith('refresh'))).toHaveLength(2);
  expect(done.at(-1)).toBe('refresh one,two');
  expect(done.length).toBeLessThan(1_000);
});

test('a refresh that fails stops nothing', async () => {
  const { done, tended } = indexing([1, 1, 1], { everyMs: 1, refresh: () => Promise.reject(new Error('no')) });
  await until('all is written', () => done.filter((what) => what === 'write').length === 3);
  expect(tended).toHaveLength(1);
});
