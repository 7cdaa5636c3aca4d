/**
 * Workers replace a search index of the previous mapping version by themselves. The test has its own database and
 * indices. MYSQL_URL and ELASTICSEARCH_URL name the servers.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { CheckedSearch } from '@parley/api/testing';
import { newToken, type SearchDocument, type Token } from '@parley/domain';
import { UnknownMapping } from '@parley/elasticsearch';
import { createVersion1, type Own, openOwn, rawClient } from '@parley/elasticsearch/testing';
import { application, chat, messages, type OwnDatabase, ownDatabase } from '@parley/mysql/testing';
import { createLogger, createRegistry } from '@parley/runtime';
import { until } from '@parley/testing';
import { Indexer, SearchUpkeep } from '@parley/worker/testing';

const STORED = 25_000;
const AT_ONCE = 1_000;

let raw: ReturnType<typeof rawClient>;
let database: OwnDatabase;
let engine: Own;
let token: Token;
beforeAll(() => {
  raw = rawClient();
});
afterAll(() => raw.close());
beforeEach(async () => {
  database = await ownDatabase();
  engine = openOwn();
  token = newToken();
  await database.mysql.store.append([application(token), chat(token)]);
});
afterEach(async () => {
  await engine.end();
  await database.close();
});

const word = (number: number) => `w${number}w`;
const texts = (first: number, count: number) =>
  Array.from({ length: count }, (_, index) => `Stored before ${word(first + index)}`);

/** Stores messages 1 to `count` and indexes them like a worker of mapping version 1. Returns the index's name. */
async function storedByVersion1(count: number): Promise<string> {
  const { store, ledger } = database.mysql;
  const name = await createVersion1(raw, engine.alias);
  await ledger.addSearchIndex(name);
  for (let first = 1; first <= count; first += AT_ONCE)
    await store.append([messages(token, first, texts(first, AT_ONCE))]);
  const apply = async (documents: readonly SearchDocument[], indices: readonly string[]) => {
    expect(await engine.indexInto(indices, documents)).toEqual([]);
  };
  while ((await ledger.indexNext(5_000, apply)) > 0);
  await engine.admin.refresh(name);
  return name;
}

function upkeepOf(keepMs = 60_000): SearchUpkeep {
  const { ledger } = database.mysql;
  return new SearchUpkeep({ engine, ledger, logger: createLogger('test', 'silent'), keepMs });
}

function workerOf(keepMs: number) {
  const { ledger } = database.mysql;
  const logger = createLogger('test', 'silent');
  const registry = createRegistry('test');
  const upkeep = new SearchUpkeep({ engine, ledger, logger, registry, keepMs });
  return {
    registry,
    indexer: new Indexer({ ledger, upkeep, logger, registry, documentsMax: 2_000, everyMs: 50, tendMs: 200 }),
  };
}

async function found(query: string): Promise<number[]> {
  const search = new CheckedSearch(engine.search, database.mysql.store);
  const { hits } = await search.page({ token, chat: 1, query, limit: 5 });
  return hits.map(({ number }) => number);
}

describe('an index of the previous version', () => {
  test('is replaced by two workers under load: all messages are found all the time, then it is dropped', async () => {
    const { store, ledger } = database.mysql;
    const former = await storedByVersion1(STORED);
    expect(await found(word(7))).toEqual([7]);
    expect(await found('before!')).toHaveLength(5);
    expect(await found('!')).toEqual([]);

    const workers = [workerOf(3_000), workerOf(3_000)];
    for (const { indexer } of workers) indexer.start();
    let running = true;
    const searches = { before: 0, after: 0 };
    const isReplaced = async () => (await engine.admin.indices()).some(({ live, current }) => live && current);
    const searching = async () => {
      for (let round = 0; running; round += 1) {
        const number = 2 + ((round * 7_919) % (STORED - 1)); // message 1 is left out: it is changed all the time
        const replaced = await isReplaced();
        expect(await found(word(number))).toEqual([number]);
        searches[replaced ? 'after' : 'before'] += 1;
      }
    };
    let created = 0;
    const creating = async () => {
      for (; running; created += 1) {
        await store.append([messages(token, STORED + created + 1, [`During ${word(STORED + created + 1)}!`])]);
        await store.changeMessage(token, 1, 1, { content: `rewritten r${created}r` });
        await Bun.sleep(5);
      }
    };
    let documents = 0;
    const watching = async () => {
      while (running) {
        for (const { registry } of workers) {
          const [sample] = (await registry.getSingleMetric('parley_search_rebuild_documents')!.get()).values;
          documents = Math.max(documents, sample?.value ?? 0);
        }
        await Bun.sleep(20);
      }
    };
    const load = Promise.all([searching(), searching(), creating(), watching()]);
    await until('the former index is dropped', async () => !(await ledger.searchIndices()).includes(former), 60_000);
    await until('and gone', async () => (await engine.admin.indices()).length === 1, 10_000);
    running = false;
    await load;
    expect(searches.before).toBeGreaterThan(0);
    expect(searches.after).toBeGreaterThan(0);
    expect(documents).toBeGreaterThan(0);
    expect(created).toBeGreaterThan(0);

    const [only] = await engine.admin.indices();
    expect(only).toMatchObject({ live: true, current: true });
    expect(await ledger.searchIndices()).toEqual([only!.name]);
    const last = STORED + created;
    await until('the last message is found', async () => (await found(word(last)))[0] === last);
    await until('the last rewriting is found', async () => (await found(`r${created - 1}r`))[0] === 1);
    for (const { indexer } of workers) await indexer.stop();
    await engine.admin.refresh();
    expect(await engine.admin.count(only!.name)).toBe(last);
    expect(await found(word(1))).toEqual([]);
    expect((await found('!')).length).toBeGreaterThan(0);
  }, 120_000);

  test('is kept and still written to while programs of its version may read it', async () => {
    const former = await storedByVersion1(AT_ONCE);
    await upkeepOf().rebuild();
    const { store, ledger } = database.mysql;
    await upkeepOf().tend(AbortSignal.timeout(10_000));
    await store.append([messages(token, AT_ONCE + 1, ['one more'])]);
    await ledger.indexNext(10, (documents, indices) => upkeepOf().apply(documents, indices));
    await engine.admin.refresh(former);
    expect((await raw.count({ index: engine.alias })).count).toBe(AT_ONCE + 1);
    await upkeepOf(0).tend(AbortSignal.timeout(10_000));
    expect((await engine.admin.indices()).map(({ version }) => version)).toEqual([2]);
  }, 30_000);
});

describe('building an index', () => {
  test('continues where it was interrupted', async () => {
    const former = await storedByVersion1(STORED);
    const ending = new AbortController();
    const counts: number[] = [];
    const first = upkeepOf().rebuild({ signal: ending.signal }, (documents) => {
      counts.push(documents);
      if (documents >= 22_000) ending.abort(new Error('the worker ends'));
    });
    expect(await first.catch(String)).toContain('the worker ends');
    expect(counts[0]).toBe(2_000);
    expect((await engine.admin.indices()).map(({ live, current }) => [live, current])).toEqual([
      [true, false],
      [false, true],
    ]);
    // A change that comes before the rebuild continues must be in the new index, even in the part already filled.
    const { store, ledger } = database.mysql;
    await store.changeMessage(token, 1, 3, { content: 'rewritten meanwhile' });
    await ledger.indexNext(10, (documents, indices) => upkeepOf().apply(documents, indices));
    const more: number[] = [];
    const name = await upkeepOf().rebuild({}, (documents) => void more.push(documents));
    expect(more[0]).toBe(22_000);
    expect(more.at(-1)).toBe(STORED);
    expect(name).not.toBe(former);
    expect(await engine.admin.count(name)).toBe(STORED);
    expect(await found('meanwhile')).toEqual([3]);
    expect(await found(word(21_000))).toEqual([21_000]);
  }, 60_000);

  test('starts from the beginning if the index was off the list meanwhile, even if its notes say more and it is interrupted again', async () => {
    await storedByVersion1(STORED);
    const { store, ledger } = database.mysql;
    const brokenOff = async (after: number) => {
      const ending = new AbortController();
      const counts: number[] = [];
      await upkeepOf()
        .rebuild({ signal: ending.signal }, (documents) => {
          counts.push(documents);
          if (documents >= after) ending.abort(new Error('the worker ends'));
        })
        .catch(() => {});
      return counts;
    };
    await brokenOff(22_000);
    const half = (await engine.admin.indices()).find(({ current }) => current)!;
    expect(half.notes.filled).toMatchObject({ documents: 20_000 });
    await ledger.dropSearchIndex(half.name);
    await store.changeMessage(token, 1, 3, { content: 'rewritten meanwhile' });
    await ledger.indexNext(10, (documents, indices) => upkeepOf().apply(documents, indices));
    expect((await brokenOff(2_000))[0]).toBe(2_000);
    expect((await brokenOff(STORED))[0]).toBe(2_000);
    await upkeepOf().rebuild();
    expect(await found('meanwhile')).toEqual([3]);
    expect(await found(word(3))).toEqual([]);
  }, 90_000);

  test('is done by one process at a time, which drops an unfinished index of another', async () => {
    await storedByVersion1(AT_ONCE);
    const left = await engine.admin.createIndex();
    await database.mysql.ledger.addSearchIndex(left);
    const built = await upkeepOf().rebuild({ anew: true });
    expect(built).not.toBe(left);
    const held = Promise.withResolvers<void>();
    const over = Promise.withResolvers<void>();
    const holding = database.mysql.ledger.exclusively(async () => {
      held.resolve();
      await over.promise;
    });
    await held.promise;
    expect(await upkeepOf().rebuild({ anew: true })).toBeUndefined();
    over.resolve();
    expect(await holding).toBe(true);
    expect((await engine.admin.indices()).filter(({ current }) => current).map(({ name }) => name)).toEqual([built!]);
  }, 30_000);
});

test('a deleted index is rebuilt, and the batch that found it missing is not lost', async () => {
  const { store, ledger } = database.mysql;
  const { indexer } = workerOf(0);
  indexer.start();
  await store.append([messages(token, 1, ['first'])]);
  await until('the first message is found', async () => (await found('first').catch(() => [])).length === 1);
  const [live] = await engine.admin.indices();
  await raw.indices.delete({ index: live!.name });
  await store.append([messages(token, 2, ['second'])]);
  await until(
    'both are found',
    async () => (await found('first').catch(() => [])).length === 1 && (await found('second')).length === 1,
  );
  await indexer.stop();
  expect((await ledger.unindexed()).batches).toBe(0);
}, 60_000);

test('a batch is held while the list has an index of an unknown version, and continues when that index is off the list', async () => {
  const { store, ledger } = database.mysql;
  await raw.indices.create({ index: `${engine.alias}-000009`, mappings: { _meta: { owner: 'parley', version: 77 } } });
  await ledger.addSearchIndex(`${engine.alias}-000009`);
  await store.append([messages(token, 1, ['held'])]);
  const index = () => ledger.indexNext(10, (documents, indices) => upkeepOf().apply(documents, indices));
  expect(await index().catch((error: unknown) => error)).toBeInstanceOf(UnknownMapping);
  expect((await ledger.unindexed()).batches).toBe(1);
  await upkeepOf(0).tend(AbortSignal.timeout(10_000));
  expect((await engine.admin.indices()).some(({ version }) => version === 77)).toBe(true);
  await ledger.dropSearchIndex(`${engine.alias}-000009`);
  expect(await index()).toBe(1);
}, 30_000);

test('an alias that points to several indices is repaired', async () => {
  await storedByVersion1(AT_ONCE);
  const built = await upkeepOf().rebuild();
  const other = await engine.admin.createIndex();
  await raw.indices.putAlias({ index: other, name: `${engine.alias}-v2` });
  await upkeepOf().tend(AbortSignal.timeout(10_000));
  expect((await engine.admin.indices()).filter(({ live, current }) => live && current)).toMatchObject([
    { name: built },
  ]);
  await upkeepOf().tend(AbortSignal.timeout(10_000));
  expect((await engine.admin.indices()).some(({ name }) => name === other)).toBe(false);
  expect(await found(word(7))).toEqual([7]);
}, 30_000);
