/** The table `programs`: outdated programs, the level, and each worker's share of the partitions. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { until } from '@parley/testing';
import { LEVEL, OutdatedProgram, raiseLevel } from './level.ts';
import { Membership } from './membership.ts';
import { openMysql } from './open.ts';
import { Pool } from './pool.ts';
import { type OwnDatabase, ownDatabase, PARTITIONS } from './testing/own-database.ts';

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
      `REPLACE INTO programs VALUES (REPEAT('o', 16), 'api', ${LEVEL}, 0, NOW(3) - INTERVAL ${seconds} SECOND)`,
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

test('each partition belongs to one running worker; a process that has not joined has all', async () => {
  const workers = [1, 2, 3].map(() => new Membership(pool, 8));
  expect(workers[0]?.share()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  for (const worker of workers) await worker.join('worker', never);
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
