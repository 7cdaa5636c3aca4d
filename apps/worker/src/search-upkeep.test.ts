import { expect, test } from 'bun:test';
import { type Ledger, type MessagePosition, newToken } from '@parley/domain';
import { createLogger } from '@parley/runtime';
import type { EngineIndex, SearchEngine } from './search-engine.ts';
import { SearchUpkeep } from './search-upkeep.ts';

const HALFWAY: MessagePosition = { partition: 1, token: newToken(), chat: 1, number: 7 };
const BEGUN: EngineIndex = {
  ...{ name: 'begun', live: false, version: 2, current: true },
  notes: { filled: { after: HALFWAY, documents: 20_000 } },
};

/**
 * Runs a rebuild after an interrupted one has left the index `BEGUN` half filled. Returns after which message it went
 * on, and its calls in order.
 */
async function rebuilt(registered: readonly string[]) {
  const done: string[] = [];
  const scans: (MessagePosition | undefined)[] = [];
  const ledger: Partial<Ledger> = {
    searchIndices: async () => registered,
    addSearchIndex: async (name) => void done.push(`list ${name}`),
    exclusively: async (work) => {
      await work(async () => {});
      return true;
    },
    scan: async (after) => {
      scans.push(after);
      done.push('scan');
      return { documents: [] };
    },
  };
  const admin: SearchEngine['admin'] = {
    indices: async () => [BEGUN],
    createIndex: async () => 'another',
    note: async (name, notes) => void done.push(`note ${name} ${Object.keys(notes).join()}`),
    refresh: async (name) => void done.push(`refresh ${name}`),
    settle: async (name) => void done.push(`settle ${name}`),
    swapAlias: async (name) => void done.push(`search ${name}`),
    dropIndex: async (name) => void done.push(`drop ${name}`),
    count: async () => 0,
  };
  const engine: SearchEngine = { admin, indexInto: async () => [] };
  const upkeep = new SearchUpkeep({ engine, ledger: ledger as Ledger, logger: createLogger('test', 'silent') });
  expect(await upkeep.rebuild()).toBe('begun');
  return { scans, done };
}

test('a rebuild that was broken off goes on where it was, while its index is written to', async () => {
  const { scans, done } = await rebuilt(['begun']);
  expect(scans).toEqual([HALFWAY]);
  expect(done).toEqual(['scan', 'refresh begun', 'search begun', 'note begun liveSince']);
});

test('an index that was not written to meanwhile is filled from the beginning, once it is', async () => {
  const { scans, done } = await rebuilt([]);
  expect(scans).toEqual([undefined]);
  expect(done.slice(0, 3)).toEqual(['note begun ', 'list begun', 'scan']);
});

test('an index gets the settings of this program once, whoever has made it', async () => {
  const settled: string[] = [];
  const live: EngineIndex = { name: 'live', live: true, version: 2, current: true, notes: { liveSince: Date.now() } };
  const ledger: Partial<Ledger> = { searchIndices: async () => ['live'] };
  const admin: Partial<SearchEngine['admin']> = {
    indices: async () => [live],
    settle: async (name) => void settled.push(name),
  };
  const engine = { admin, indexInto: async () => [] } as unknown as SearchEngine;
  const upkeep = new SearchUpkeep({ engine, ledger: ledger as Ledger, logger: createLogger('test', 'silent') });
  for (let times = 0; times < 3; times += 1) await upkeep.tend(new AbortController().signal);
  expect(settled).toEqual(['live']);
});
