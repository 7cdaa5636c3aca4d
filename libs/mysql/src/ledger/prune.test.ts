import { afterAll, beforeEach, expect, test } from 'bun:test';
import { newToken, partitionOf } from '@parley/domain';
import { application, chat, messages } from '../testing/events.ts';
import { advanceAll, flushAll, NO_WINDOW, type OwnDatabase, ownDatabase, PARTITIONS } from '../testing/own-database.ts';

const HOUR_MS = 3_600_000;
/** Keeps everything. */
const WIDE = { ms: HOUR_MS, bytes: 2 ** 40 };

let database: OwnDatabase | undefined;
let token = '';
let partition = 0;
beforeEach(async () => {
  await database?.close();
  database = await ownDatabase();
  token = newToken();
  partition = partitionOf(token, PARTITIONS);
  await database.mysql.store.append([application(token), chat(token)]);
});
afterAll(() => database?.close());

function open(): OwnDatabase {
  if (database === undefined) throw new Error('no database');
  return database;
}

/** Stores messages, each in a batch of its own, so that the partition's `seq`s go up to `through`. */
async function batchesThrough(through: number): Promise<void> {
  for (let seq = 2; seq <= through; seq += 1) await open().mysql.store.append([messages(token, seq, ['x'])]);
}

/** Indexes, sums and takes into the inbox what was stored. */
async function derived(): Promise<void> {
  const { mysql } = open();
  while ((await mysql.ledger.indexNext(100, async () => {})) > 0);
  await flushAll(mysql);
  await advanceAll(mysql);
}

async function left(): Promise<number[]> {
  const rows = await open().query<{ seq: number }>(
    `SELECT seq FROM batches WHERE partition_number = ${partition} ORDER BY seq`,
  );
  return rows.map(({ seq }) => seq);
}

async function low(): Promise<number | undefined> {
  const [row] = await open().query<{ low: number }>(`SELECT low FROM partitions WHERE partition_number = ${partition}`);
  return row?.low;
}

const set = (assignment: string, seqs: string) =>
  open().query(`UPDATE batches SET ${assignment} WHERE partition_number = ${partition} AND seq IN (${seqs})`);
const prune = (window = NO_WINDOW, limit = 100) => open().mysql.ledger.prune(partition, limit, window);

test('at most `limit` batches are deleted, the oldest first', async () => {
  await batchesThrough(6);
  await derived();
  expect(await prune(NO_WINDOW, 4)).toBe(4);
  expect([await left(), await low()]).toEqual([[5, 6], 4]);
  expect(await prune(NO_WINDOW, 4)).toBe(2);
  expect(await prune(NO_WINDOW, 4)).toBe(0);
  expect([await left(), await low()]).toEqual([[], 6]);
});

for (const [what, assignment] of [
  ['indexed', 'indexed = 0'],
  ['counted', 'generation = generation + 100'],
]) {
  test(`a batch that is not ${what} keeps all behind it`, async () => {
    await batchesThrough(6);
    await derived();
    await set(assignment ?? '', '3');
    expect(await prune()).toBe(2);
    expect([await left(), await low()]).toEqual([[3, 4, 5, 6], 2]);
  });
}

test('what is not in the inbox is kept', async () => {
  await batchesThrough(4);
  await derived();
  await open().query(`UPDATE partitions SET activity = 3 WHERE partition_number = ${partition}`);
  expect(await prune()).toBe(3);
  expect([await left(), await low()]).toEqual([[4], 3]);
});

test('batches inside the window are kept, and all behind the first of them', async () => {
  await batchesThrough(6);
  await derived();
  await set('created_at = created_at - INTERVAL 2 HOUR', '1, 2, 4');
  expect(await prune(WIDE)).toBe(2);
  expect([await left(), await low()]).toEqual([[3, 4, 5, 6], 2]);
  expect(await prune(WIDE)).toBe(0);
});

test('if the batches take too much room, the newest are kept', async () => {
  await batchesThrough(100);
  await derived();
  expect(await prune({ ms: HOUR_MS, bytes: 250 * 20 * PARTITIONS }, 1_000)).toBeGreaterThan(60);
  const kept = await left();
  expect(kept.length).toBeGreaterThan(10);
  expect(kept.length).toBeLessThan(40);
  expect(kept.at(-1)).toBe(100);
  expect(await low()).toBe((kept[0] ?? 0) - 1);
  expect(await prune({ ms: HOUR_MS, bytes: 250 * 20 * PARTITIONS }, 1_000)).toBe(0);
});

test('what a call has left that was broken off after `low` rose is deleted, even inside the window', async () => {
  await batchesThrough(6);
  await derived();
  await open().query(`UPDATE partitions SET low = 4 WHERE partition_number = ${partition}`);
  await set('indexed = 0', '4');
  expect(await prune(WIDE)).toBe(3);
  expect([await left(), await low()]).toEqual([[4, 5, 6], 4]);
});
