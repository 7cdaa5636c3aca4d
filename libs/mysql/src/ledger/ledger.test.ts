import { afterAll, beforeAll, expect, test } from 'bun:test';
import { newToken, partitionOf, type SearchDocument } from '@parley/domain';
import { until } from '@parley/testing';
import { openMysql } from '../open.ts';
import { WrongPartitions } from '../partitioning.ts';
import { application, chat, messages } from '../testing/events.ts';
import { advanceAll, flushAll, type OwnDatabase, ownDatabase, PARTITIONS, pruneAll } from '../testing/own-database.ts';

let database: OwnDatabase;
beforeAll(async () => {
  database = await ownDatabase();
});
afterAll(() => database.close());

async function newChat(): Promise<string> {
  const token = newToken();
  await database.mysql.store.append([application(token), chat(token)]);
  return token;
}

test('rotations that race with appends count every row exactly once', async () => {
  const { store } = database.mysql;
  const token = await newChat();
  let appending = true;
  const append = async (lane: number) => {
    for (let round = 0; round < 40; round += 1) {
      await store.append([messages(token, lane * 1_000 + round * 5 + 1, ['a', 'b', 'c', 'd', 'e'])]);
    }
  };
  const rotate = async () => {
    while (appending) await flushAll(database.mysql);
  };
  const rotating = Promise.all([rotate(), rotate()]);
  await Promise.all([0, 1, 2, 3].map(append));
  appending = false;
  await rotating;
  await flushAll(database.mysql);
  await flushAll(database.mysql);
  expect((await store.chat(token, 1))?.messagesCount).toBe(800);
  expect((await store.application(token))?.chatsCount).toBe(1);
});

test('two indexers share the work: every message is applied, none is left', async () => {
  const { store, ledger } = database.mysql;
  const token = await newChat();
  for (let first = 1; first <= 100; first += 1) await store.append([messages(token, first, [`text ${first}`])]);
  const applied = new Map<number, SearchDocument>();
  const index = async () => {
    const apply = async (documents: readonly SearchDocument[]) => {
      for (const document of documents) if (document.token === token) applied.set(document.number, document);
    };
    while ((await ledger.indexNext(10, apply)) > 0);
  };
  await Promise.all([index(), index()]);
  await index();
  expect(applied.size).toBe(100);
  expect(applied.get(7)).toMatchObject({ chat: 1, content: 'text 7', version: 1 });
  expect((await ledger.unindexed()).batches).toBe(0);
});

test('a batch that failed is indexed again, with the content and the version of a later update', async () => {
  const { store, ledger } = database.mysql;
  const token = await newChat();
  await store.append([messages(token, 1, ['old'])]);
  await expect(ledger.indexNext(10, () => Promise.reject(new Error('the index is away')))).rejects.toThrow('away');
  await store.changeMessage(token, 1, 1, { content: 'new' });
  const seen: SearchDocument[] = [];
  while ((await ledger.indexNext(10, async (documents) => void seen.push(...documents))) > 0);
  expect(seen.length).toBeGreaterThan(0);
  for (const document of seen) expect(document).toMatchObject({ content: 'new', version: 2 });
});

test('a batch is marked only after it is indexed: if one process fails or dies with it, another one takes it', async () => {
  const { store, ledger } = database.mysql;
  const token = await newChat();
  while ((await ledger.indexNext(1_000, async () => {})) > 0);
  await store.append([messages(token, 1, ['only once written'])]);
  const { url } = database;
  const [first, second] = [1, 2].map(() => openMysql({ url, partitions: PARTITIONS }));
  const { promise: died, reject: die } = Promise.withResolvers<void>();
  const taken = Promise.withResolvers<void>();
  const dying = first?.ledger.indexNext(1_000, () => {
    taken.resolve();
    return died;
  });
  await taken.promise;
  const failing = second?.ledger.indexNext(1_000, () => Promise.reject(new Error('the index is away')));
  await expect(failing).rejects.toThrow('away');
  const seen: string[] = [];
  const read = async (documents: readonly SearchDocument[]) => void seen.push(...documents.map((d) => d.content ?? ''));
  expect(await second?.ledger.indexNext(1_000, read)).toBe(1);
  expect(seen).toEqual(['only once written']);
  die(new Error('killed'));
  await expect(dying).rejects.toThrow('killed');
  await Promise.all([first?.close(), second?.close()]);
});

test('a batch that failed in one lane is taken again while the other lane still works', async () => {
  const { store, ledger } = database.mysql;
  const token = await newChat();
  while ((await ledger.indexNext(1_000, async () => {})) > 0);
  await store.append([messages(token, 1, ['one'])]);
  const [taken, done] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const first = ledger.indexNext(1_000, () => {
    taken.resolve();
    return done.promise;
  });
  await taken.promise;
  const seen: string[] = [];
  const read = async (documents: readonly SearchDocument[]) => void seen.push(...documents.map((d) => d.content ?? ''));
  await store.append([messages(token, 2, ['two'])]);
  await expect(ledger.indexNext(1_000, () => Promise.reject(new Error('away')))).rejects.toThrow('away');
  await store.append([messages(token, 3, ['three'])]);
  await ledger.indexNext(1_000, read);
  // The failure also gives back the first lane's batch of the same partition. It is applied twice, which does no harm.
  expect(seen).toContain('two');
  expect(seen).toContain('three');
  done.resolve();
  expect(await first).toBe(1);
  expect((await ledger.unindexed()).batches).toBe(0);
});

test('a lane does not take the batches that another lane is indexing', async () => {
  const { store, ledger } = database.mysql;
  const token = await newChat();
  while ((await ledger.indexNext(1_000, async () => {})) > 0);
  await store.append([messages(token, 1, ['one'])]);
  const [taken, done] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const first = ledger.indexNext(1_000, () => {
    taken.resolve();
    return done.promise;
  });
  await taken.promise;
  expect(await ledger.indexNext(1_000, async () => {})).toBe(0);
  done.resolve();
  expect(await first).toBe(1);
});

test('counts can be summed while the same batches are being indexed', async () => {
  const { store, ledger } = database.mysql;
  const token = await newChat();
  await store.append([messages(token, 1, ['x', 'y'])]);
  await ledger.indexNext(1_000, async () => {
    await flushAll(database.mysql);
    await flushAll(database.mysql);
    await pruneAll(database.mysql);
    await store.append([messages(token, 3, ['z'])]);
    expect((await store.chat(token, 1))?.messagesCount).toBe(2);
  });
  while ((await ledger.indexNext(1_000, async () => {})) > 0);
});

test('one large batch is applied in groups of at most the given size, in the order of the keys', async () => {
  const { store, ledger } = database.mysql;
  const token = await newChat();
  await store.append([1, 501, 1_001].map((first) => messages(token, first, Array(500).fill('x'))));
  const portions: number[] = [];
  const numbers: number[] = [];
  const indexed = await ledger.indexNext(400, async (documents) => {
    portions.push(documents.length);
    numbers.push(...documents.map(({ number }) => number));
  });
  expect(indexed).toBe(1_500);
  expect(portions).toEqual([400, 400, 400, 300]);
  expect(numbers).toEqual(Array.from({ length: 1_500 }, (_, index) => index + 1));
});

test('a message with several waiting changes is applied once', async () => {
  const { store, ledger } = database.mysql;
  const token = await newChat();
  await store.append([messages(token, 1, ['a', 'b'])]);
  for (const content of ['c', 'd', 'e']) await store.changeMessage(token, 1, 2, { content: content });
  const seen: SearchDocument[] = [];
  await ledger.indexNext(1_000, async (documents) => void seen.push(...documents));
  expect(seen.map(({ number, content, version }) => [number, content, version])).toEqual([
    [1, 'a', 1],
    [2, 'e', 4],
  ]);
});

test('every later apply gets an added index; dropping an index waits for rounds that write to it', async () => {
  const { store, ledger } = database.mysql;
  const token = await newChat();
  await database.mysql.join('worker', () => {});
  await ledger.addSearchIndex('first');
  await ledger.addSearchIndex('first');
  await store.append([messages(token, 1, ['x'])]);
  const beat = async () => {
    const [row] = await database.query<{ at: Date }>('SELECT MAX(seen_at) AS at FROM programs');
    return row?.at.getTime() ?? 0;
  };
  let applying = true;
  let dropped: Promise<void> | undefined;
  await ledger.indexNext(1_000, async (_, indices) => {
    expect(indices).toEqual(['first']);
    await ledger.addSearchIndex('second');
    dropped = ledger.dropSearchIndex('first').then(() => expect(applying).toBe(false));
    await until('the drop waits', async () => (await ledger.searchIndices()).join() === 'second');
    const begun = await beat();
    await until('it has looked several times', async () => (await beat()) > begun + 2_000);
    applying = false;
  });
  await dropped;
  expect(await ledger.searchIndices()).toEqual(['second']);
  await store.append([messages(token, 2, ['y'])]);
  await ledger.indexNext(1_000, async (_, indices) => expect(indices).toEqual(['second']));
  await ledger.dropSearchIndex('second');
  await ledger.dropSearchIndex('second');
});

async function batches(): Promise<number> {
  const [row] = await database.query<{ n: number }>('SELECT COUNT(*) AS n FROM batches');
  return row?.n ?? 0;
}

test('batches that are indexed, counted and in the inbox are pruned, others stay', async () => {
  const { store, ledger } = database.mysql;
  const token = await newChat();
  await store.append([messages(token, 1, ['x'])]);
  await flushAll(database.mysql);
  await flushAll(database.mysql);
  await pruneAll(database.mysql);
  expect((await ledger.unindexed()).batches).toBe(1);
  while ((await ledger.indexNext(100, async () => {})) > 0);
  await pruneAll(database.mysql);
  expect(await batches()).toBeGreaterThan(0);
  await advanceAll(database.mysql);
  await pruneAll(database.mysql);
  expect(await batches()).toBe(0);
});

test('batches that are indexed but not counted yet are not pruned', async () => {
  const { store, ledger } = database.mysql;
  const token = await newChat();
  await flushAll(database.mysql);
  await store.append([messages(token, 1, ['x', 'y', 'z'])]);
  while ((await ledger.indexNext(100, async () => {})) > 0);
  await advanceAll(database.mysql);
  await pruneAll(database.mysql);
  await flushAll(database.mysql);
  expect((await store.chat(token, 1))?.messagesCount).toBe(3);
});

test('`low` is raised before rows are deleted', async () => {
  const { store, ledger } = database.mysql;
  const token = await newChat();
  await store.append([messages(token, 1, ['x'])]);
  const partition = partitionOf(token, PARTITIONS);
  while ((await ledger.indexNext(100, async () => {})) > 0);
  await flushAll(database.mysql);
  await advanceAll(database.mysql);
  await pruneAll(database.mysql);
  const [row] = await database.query<{ seq: number; low: number; left_over: number }>(
    `SELECT seq, low, (SELECT COUNT(*) FROM batches WHERE partition_number = ${partition}) AS left_over
     FROM partitions WHERE partition_number = ${partition}`,
  );
  expect(row?.left_over).toBe(0);
  expect(row?.low).toBe(row?.seq ?? -1);
});

test('a recount finds a wrong count, and no drift in right ones', async () => {
  const { store, ledger } = database.mysql;
  const token = await newChat();
  await store.append([messages(token, 1, ['x', 'y'])]);
  const drifts = async () => {
    const found = [];
    let after: Parameters<typeof ledger.recount>[0];
    do {
      const recounted = await ledger.recount(after, 10);
      found.push(...recounted.drifts);
      after = recounted.next;
    } while (after !== undefined);
    return found;
  };
  expect(await drifts()).toEqual([]);
  await database.query(`UPDATE chats SET messages_count = messages_count + 5 WHERE token = UUID_TO_BIN('${token}')`);
  expect((await drifts()).map(({ sequence }) => sequence)).toEqual([{ kind: 'messages', token, chat: 1 }]);
  await database.query(`UPDATE chats SET messages_count = messages_count - 5 WHERE token = UUID_TO_BIN('${token}')`);
});

test('a scan returns every message once, in the order of the keys', async () => {
  const { ledger } = database.mysql;
  const keys: string[] = [];
  let after: Parameters<typeof ledger.scan>[0];
  for (;;) {
    const { documents, next } = await ledger.scan(after, 37);
    if (next === undefined) break;
    for (const { token, chat: number, number: message } of documents) {
      keys.push(
        `${partitionOf(token, PARTITIONS)}:${token}:${String(number).padStart(10, '0')}:${String(message).padStart(10, '0')}`,
      );
    }
    after = next;
  }
  const [count] = await database.query<{ n: number }>('SELECT COUNT(*) AS n FROM messages');
  expect(keys).toHaveLength(count?.n ?? -1);
  expect(keys).toEqual([...new Set(keys)].sort());
});

test('many processes may migrate at once, and the first one fixes the number of partitions', async () => {
  const fresh = await ownDatabase({ migrated: false });
  const { url, migrationUrl } = fresh;
  const others = [1, 2].map(() => openMysql({ url, migrationUrl, partitions: PARTITIONS }));
  await Promise.all([fresh.mysql, ...others].map((mysql) => mysql.migrate()));
  await Promise.all(others.map((mysql) => mysql.settlePartitions()));
  const wrong = openMysql({ url, partitions: PARTITIONS + 1 });
  await expect(wrong.settlePartitions()).rejects.toBeInstanceOf(WrongPartitions);
  await fresh.mysql.settlePartitions();
  await wrong.close();
  await Promise.all(others.map((mysql) => mysql.close()));
  await fresh.close();
});
