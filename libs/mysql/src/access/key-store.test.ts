/** What the contract of KeyStore cannot show: clocks, late commits and lost replies. */
import { afterAll, afterEach, beforeAll, expect, setSystemTime, test } from 'bun:test';
import {
  type AccessKey,
  type AccessState,
  hashOfKey,
  KEYS_MAX,
  newSecretKey,
  newToken,
  TooManyKeys,
  Unavailable,
} from '@parley/domain';
import { failure, TcpProxy } from '@parley/testing';
import { openMysql } from '../open.ts';
import { application, chat } from '../testing/events.ts';
import { type OwnDatabase, ownDatabase, PARTITIONS, rootConnection } from '../testing/own-database.ts';

let database: OwnDatabase;
beforeAll(async () => {
  database = await ownDatabase();
});
afterAll(() => database.close());
afterEach(() => setSystemTime());

const token = newToken();
const bytes = (id: string) => `0x${id.replaceAll('-', '')}`;
const idsOf = ({ revoked }: AccessState) => revoked.map(({ id }) => id);

async function added(owner = token) {
  const id = crypto.randomUUID();
  const key: AccessKey = { id, token: owner, name: 'A key', scopes: ['keys'], createdAt: Date.now() };
  const hash = hashOfKey(newSecretKey(owner));
  await database.mysql.keys.addKey(key, hash);
  return { key, hash };
}

/** Runs `statement` in a transaction that is committed by the returned function. */
async function uncommitted(statement: string): Promise<() => Promise<void>> {
  const [{ name }] = (await database.query<{ name: string }>('SELECT DATABASE() AS name')) as [{ name: string }];
  const connection = await rootConnection();
  await connection.changeUser({ database: name });
  await connection.beginTransaction();
  await connection.query(statement);
  return async () => {
    await connection.commit();
    await connection.end();
  };
}

test('a key whose revocation is committed late is told at the look that follows', async () => {
  const { keys } = database.mysql;
  const { key } = await added();
  const { at } = await keys.accessSince();
  const commit = await uncommitted(`UPDATE access_keys SET revoked_at = NOW(3) WHERE id = ${bytes(key.id)}`);
  await Bun.sleep(20); // so that the look has a later time than the revocation
  const between = await keys.accessSince(at);
  expect(idsOf(between)).not.toContain(key.id);
  await commit();
  const after = await keys.accessSince(between.at);
  expect(after.revoked.find(({ id }) => id === key.id)?.at).toBeLessThan(between.at);
});

test('so are limits whose change is committed late', async () => {
  const { keys, store } = database.mysql;
  const limited = newToken();
  await store.append([application(limited), chat(limited)]);
  const { at } = await keys.accessSince();
  const commit = await uncommitted(
    `UPDATE applications SET messages_per_second = 9, limits_changed_at = NOW(3) WHERE token = ${bytes(limited)}`,
  );
  await Bun.sleep(20);
  const between = await keys.accessSince(at);
  expect(between.limits.map((row) => row.token)).not.toContain(limited);
  await commit();
  const after = await keys.accessSince(between.at);
  expect(after.limits).toContainEqual({ token: limited, limits: { messagesPerSecond: 9 } });
});

test('what is older is told once: at the start those that a user token may still name, later the last seconds', async () => {
  const { keys } = database.mysql;
  const [fresh, hour, old] = [await added(), await added(), await added()];
  const revoked = (id: string, ago: string) =>
    database.query(`UPDATE access_keys SET revoked_at = NOW(3) - INTERVAL ${ago} WHERE id = ${bytes(id)}`);
  await keys.revokeKey(token, fresh.key.id);
  await revoked(hour.key.id, '24 HOUR');
  await revoked(old.key.id, '26 HOUR');
  const told = (state: AccessState) => [fresh, hour, old].map(({ key }) => idsOf(state).includes(key.id));
  const start = await keys.accessSince();
  expect(told(start)).toEqual([true, true, false]);
  expect(told(await keys.accessSince(start.at))).toEqual([true, false, false]);
});

test('an application that is deleted tells that it has no limits any more, if it had some', async () => {
  const { keys, store } = database.mysql;
  const [limited, without] = [newToken(), newToken()];
  await store.append([application(limited), application(without)]);
  await store.changeApplication(limited, { limits: { requestsPerSecond: 1 } });
  await database.query('UPDATE applications SET limits_changed_at = limits_changed_at - INTERVAL 1 HOUR');
  const { at } = await keys.accessSince();
  expect((await keys.accessSince(at)).limits).toEqual([]);
  for (const each of [limited, without]) await store.deleteApplication(each);
  expect((await keys.accessSince(at)).limits).toEqual([{ token: limited, limits: {} }]);
});

test('whoever revokes a key again tells it again', async () => {
  const { keys } = database.mysql;
  const { key } = await added();
  await keys.revokeKey(token, key.id);
  await database.query(`UPDATE access_keys SET revoked_at = NOW(3) - INTERVAL 1 HOUR WHERE id = ${bytes(key.id)}`);
  const { at } = await keys.accessSince();
  expect(idsOf(await keys.accessSince(at))).not.toContain(key.id);
  expect(await keys.revokeKey(token, key.id)).toBe(true);
  expect(idsOf(await keys.accessSince(at))).toContain(key.id);
});

test('the clock is that of the database, and one that was set back hides nothing', async () => {
  const { keys, store } = database.mysql;
  const limited = newToken();
  await store.append([application(limited)]);
  const { key } = await added();
  const [before] = await database.query<{ at: Date }>('SELECT NOW(3) AS at');
  setSystemTime(new Date('2001-02-03T04:05:06Z'));
  await keys.revokeKey(token, key.id);
  await store.changeApplication(limited, { limits: { requestsPerSecond: 1 } });
  const { at } = await keys.accessSince();
  expect(at).toBeGreaterThanOrEqual(before?.at.getTime() ?? Number.POSITIVE_INFINITY);
  expect(at).toBeLessThan((before?.at.getTime() ?? 0) + 60_000);
  // As a process sees it that has looked before the clock was set back by an hour.
  const state = await keys.accessSince(at + 3_600_000);
  expect(idsOf(state)).toContain(key.id);
  expect(state.limits.map((row) => row.token)).toContain(limited);
  expect(state.at).toBeLessThan(at + 60_000);
});

test('what every process must know comes in one round trip', async () => {
  const { proxy, url } = await TcpProxy.open(database.url);
  const mysql = openMysql({ url, partitions: PARTITIONS });
  const { at } = await mysql.keys.accessSince();
  for (const since of [undefined, at]) {
    let packets = 0;
    proxy.set({
      inspect: (_, from) => {
        if (from === 'client') packets += 1;
        return undefined;
      },
    });
    await mysql.keys.accessSince(since);
    expect(packets).toBe(1);
  }
  await mysql.close();
  proxy.close();
});

test.each([0, KEYS_MAX - 1])('a key after %i others, whose reply was lost, is stored once', async (others) => {
  const owner = newToken();
  for (let count = 0; count < others; count += 1) await added(owner);
  const { proxy, url } = await TcpProxy.open(database.url);
  const mysql = openMysql({ url, partitions: PARTITIONS });
  let asked: object | undefined;
  let cuts = 0;
  proxy.set({
    inspect: (connection, from, sent) => {
      if (from === 'client' && sent.includes('INSERT INTO access_keys')) asked ??= connection;
      if (from === 'client' || connection !== asked || cuts > 0) return undefined;
      cuts += 1;
      return 'cut';
    },
  });
  const id = crypto.randomUUID();
  const key: AccessKey = { id, token: owner, name: 'The last', scopes: [], createdAt: Date.now() };
  await mysql.keys.addKey(key, hashOfKey(id));
  expect(cuts).toBe(1);
  expect((await mysql.keys.keys(owner)).filter(({ name }) => name === 'The last')).toEqual([key]);
  const more = mysql.keys.addKey({ ...key, id: crypto.randomUUID() }, hashOfKey(`${id} more`));
  if (others === 0) await more;
  else expect(await failure(more)).toBeInstanceOf(TooManyKeys);
  await mysql.close();
  proxy.close();
});

test('while the database is away, every method rejects with Unavailable', async () => {
  const { proxy, url } = await TcpProxy.open(database.url);
  proxy.set({ refuse: true });
  const mysql = openMysql({ url, partitions: PARTITIONS });
  const { keys } = mysql;
  const id = crypto.randomUUID();
  const hash = hashOfKey(id);
  const signing = { kid: id, publicKey: '{}', privateKey: '{}', createdAt: Date.now() };
  const calls = [
    keys.setKeyed(true),
    keys.addKey({ id, token, name: 'A key', scopes: [], createdAt: Date.now() }, hash),
    keys.keys(token),
    keys.keysByHash([hash]),
    keys.revokeKey(token, id),
    keys.keysUsed([id], Date.now()),
    keys.addSigningKey(signing),
    keys.signingKey(),
    keys.dropSigningKeys(Date.now()),
    keys.accessSince(),
  ];
  for (const call of calls) expect(await failure(call)).toBeInstanceOf(Unavailable);
  await mysql.close();
  proxy.close();
});

test('a hash or an id that is taken is refused, and what is stored stays', async () => {
  const { keys } = database.mysql;
  const { key, hash } = await added();
  const other = { ...key, id: crypto.randomUUID(), name: 'Another' };
  expect(await failure(keys.addKey(other, hash))).toMatchObject({ kind: 'duplicate' });
  expect(await failure(keys.addKey({ ...key, name: 'Another' }, hashOfKey('other')))).toMatchObject({
    kind: 'duplicate',
  });
  expect((await keys.keysByHash([hash, hashOfKey('other')])).values().toArray()).toEqual([key]);
});
