/** The table `programs`: outdated programs, the level, and each worker's share of the partitions. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { newToken, partitionOf } from '@parley/domain';
import { failure, until } from '@parley/testing';
import { BatchesInHand, indexNext } from './ledger/index-next.ts';
import { LEVEL, OutdatedProgram, raiseLevel } from './level.ts';
import { Membership } from './membership.ts';
import { openMysql } from './open.ts';
import { Pool } from './pool.ts';
import { application, chat, messages } from './testing/events.ts';
import { NO_WINDOW, type OwnDatabase, ownDatabase, PARTITIONS } from './testing/own-database.ts';

let database: OwnDatabase;
let pool: Pool;
beforeAll(async () => {
  database = await ownDatabase();
  const { hostname, port, username, password, pathname } = new URL(database.url);
  pool = new Pool({
    connection: { host: hostname, port: Number(port), user: username, password, database: pathname.slice(1) },
    variables: [],
    packets: true,
    statementTimeoutMs: 5_000,
    acquireTimeoutMs: 5_000,
    waitingMax: 100,
    size: 4,
    onRefused: () => {},
  });
});
afterAll(async () => {
  await pool.close();
  await database.close();
});

const levels = async () => {
  const rows = await database.query<{ level: number }>('SELECT DISTINCT level FROM partitions');
  return rows.map(({ level }) => level);
};
const never = () => {
  throw new Error('outdated');
};

test('the level is raised only if no program below it was seen for a minute', async () => {
  const seen = (seconds: number) =>
    database.query(
      `REPLACE INTO programs VALUES (REPEAT('o', 16), 'api', ${LEVEL}, 0, 0, NOW(3) - INTERVAL ${seconds} SECOND)`,
    );
  await seen(50);
  await raiseLevel(pool, LEVEL + 1);
  expect(await levels()).toEqual([LEVEL]);
  await seen(61);
  await raiseLevel(pool, LEVEL + 1);
  expect(await levels()).toEqual([LEVEL + 1]);
  await raiseLevel(pool, LEVEL);
  expect(await levels()).toEqual([LEVEL + 1]);
  expect(await database.query('SELECT * FROM programs')).toHaveLength(1);
  await seen(25 * 60 * 60);
  await raiseLevel(pool, LEVEL);
  expect(await database.query('SELECT * FROM programs')).toEqual([]); // rows older than a day are deleted
  await database.query(`UPDATE partitions SET level = ${LEVEL}`);
  await database.query('DELETE FROM programs');
});

test('a program below the level does not start, and a running one is notified once', async () => {
  const { url } = database;
  const program = openMysql({ url, partitions: PARTITIONS });
  const told: Error[] = [];
  await program.join('api', (error) => told.push(error));
  await database.query(`UPDATE partitions SET level = ${LEVEL + 1} WHERE partition_number = 2`);
  await until('it is told', async () => told.length > 0);
  expect(told).toEqual([expect.any(OutdatedProgram)]);
  const later = openMysql({ url, partitions: PARTITIONS });
  await expect(later.join('api', never)).rejects.toThrow(`level ${LEVEL + 1}`);
  await database.query(`UPDATE partitions SET level = ${LEVEL}`);
  await Promise.all([program.close(), later.close()]);
});

test('a running program updates its row, and deletes it when it ends', async () => {
  const program = openMysql({ url: database.url, partitions: PARTITIONS });
  await program.join('ingest', never);
  const age = async () => {
    const [row] = await database.query<{ at: Date }>("SELECT seen_at AS at FROM programs WHERE name = 'ingest'");
    return row?.at.getTime();
  };
  const first = await age();
  await until('another beat', async () => ((await age()) ?? 0) > (first ?? Number.POSITIVE_INFINITY));
  await program.close();
  expect(await age()).toBeUndefined();
});

test('a program below the level sums, indexes and deletes nothing of what newer programs wrote', async () => {
  const { mysql, query } = database;
  const token = newToken();
  const partition = partitionOf(token, PARTITIONS);
  await mysql.store.append([application(token), chat(token), messages(token, 1, ['a', 'b'])]);
  await mysql.ledger.indexNext(100, async () => {});
  await mysql.ledger.rotateAndFlush(partition);
  while ((await mysql.ledger.advanceActivity(partition)) > 0);
  await mysql.store.append([messages(token, 3, ['c'])]);
  await query(`UPDATE partitions SET level = ${LEVEL + 1} WHERE partition_number = ${partition}`);
  const state = () =>
    query(`SELECT seq, generation, flushed, low, activity FROM partitions WHERE partition_number = ${partition}`);
  const rows = () => query(`SELECT seq, indexed FROM batches WHERE partition_number = ${partition} ORDER BY seq`);
  const before = [await state(), await rows()];
  expect(await mysql.ledger.indexNext(100, async () => {})).toBe(0);
  expect(await failure(mysql.ledger.rotateAndFlush(partition))).toBeInstanceOf(Error);
  expect(await failure(mysql.ledger.prune(partition, 100, NO_WINDOW))).toBeInstanceOf(Error);
  expect(await failure(mysql.ledger.advanceActivity(partition))).toBeInstanceOf(Error);
  expect([await state(), await rows()]).toEqual(before);
  await query(`UPDATE partitions SET level = ${LEVEL}`);
  expect(await mysql.ledger.indexNext(100, async () => {})).toBe(1);
  expect(await mysql.ledger.prune(partition, 100, NO_WINDOW)).toBeGreaterThan(0);
});

test('a worker without a share indexes nothing', async () => {
  const apply = () => Promise.reject(new Error('something was indexed'));
  expect(await indexNext(pool, new BatchesInHand(), [], 100, apply)).toBe(0);
});

test('each partition belongs to one worker that indexes; a process that has not joined has all', async () => {
  const workers = [1, 2, 3].map(() => new Membership(pool, 8));
  expect(workers[0]?.share()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  for (const worker of workers) await worker.join('worker', never);
  for (const worker of workers) await worker.indexing(async () => {});
  const api = new Membership(pool, 8);
  await api.join('api', never);
  const shares = () => workers.map((worker) => worker.share());
  await until('all know of all', async () => shares().every((share) => share.length < 4));
  expect(shares().flat().sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  await workers[0]?.leave();
  const rest = workers.slice(1);
  await until('the others have all', async () => rest.flatMap((worker) => worker.share()).length === 8);
  expect(new Set(rest.flatMap((worker) => worker.share())).size).toBe(8);
  await Promise.all([...rest, api].map((each) => each.leave()));
});

test('a worker whose indexing fails, and one whose row is from the future, keep no partition from the others', async () => {
  const [good, bad] = [new Membership(pool, 8), new Membership(pool, 8)];
  await database.query(
    `INSERT INTO programs VALUES (REPEAT('f', 16), 'worker', ${LEVEL}, 0, 1, NOW(3) + INTERVAL 1 HOUR)`,
  );
  await Promise.all([good.join('worker', never), bad.join('worker', never)]);
  await good.indexing(async () => {});
  await failure(bad.indexing(() => Promise.reject(new Error('no index'))));
  const counts = async () => {
    const rows = await database.query("SELECT id FROM programs WHERE name = 'worker' AND indexing = 1");
    return rows.length === 2; // with the row from the future
  };
  await until('the beats show who indexes', counts);
  await until('the good one has all', async () => good.share().length === 8);
  expect(bad.share()).toHaveLength(8); // it tries all, until it counts
  await bad.indexing(async () => {});
  await until('both count', async () => good.share().length === 4 && bad.share().length === 4);
  await Promise.all([good.leave(), bad.leave()]);
  await database.query('DELETE FROM programs');
}, 30_000);

test('during an indexing round a worker reports the search list that it knew when the round began', async () => {
  const worker = new Membership(pool, 8);
  await worker.join('worker', never);
  const list = async () => {
    const [row] = await database.query<{ n: number }>("SELECT search_list AS n FROM programs WHERE name = 'worker'");
    return row?.n;
  };
  await database.query('UPDATE installation SET search_list = 7');
  await until('it knows the list', async () => (await list()) === 7);
  const { promise, resolve } = Promise.withResolvers<void>();
  const round = worker.indexing(() => promise);
  await database.query('UPDATE installation SET search_list = 9');
  const beat = async () => {
    const [row] = await database.query<{ at: Date }>("SELECT seen_at AS at FROM programs WHERE name = 'worker'");
    return row?.at.getTime() ?? 0;
  };
  const begun = await beat();
  await until('three beats', async () => (await beat()) > begun + 3_000);
  expect(await list()).toBe(7);
  resolve();
  await round;
  await until('the round has ended', async () => (await list()) === 9);
  await worker.leave();
});
