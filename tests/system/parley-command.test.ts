/** `bin/parley` on the distributed system: in a database of its own, with the servers of the tests. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { AccessHint } from '@parley/domain';
import { type OwnDatabase, ownDatabase } from '@parley/mysql/testing';
import { openRedis, type RedisDrivers, redisServers } from '@parley/redis';
import { until } from '@parley/testing';
import { applicationCreated } from '../contract/events.ts';
import { createdKey, parley, parleyDone } from '../support/parley.ts';

const variable = (name: string): string => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} must be set`);
  return value;
};

let database: OwnDatabase;
let env: Record<string, string>;
beforeAll(async () => {
  database = await ownDatabase({ migrated: false });
  env = {
    ...{ MYSQL_URL: database.url, MYSQL_MIGRATION_URL: database.migrationUrl, REDIS_URL: variable('REDIS_URL') },
    ...{ RABBITMQ_URL: variable('RABBITMQ_URL'), ELASTICSEARCH_URL: variable('ELASTICSEARCH_URL') },
  };
  expect(await parleyDone(['migrate'], env)).toEndWith('The tables are up to date.\n');
});
afterAll(() => database.close());

test('the tables were made, and a second time nothing happens', async () => {
  expect((await database.query('SHOW TABLES')).length).toBeGreaterThan(5);
  expect(await parleyDone(['migrate'], env)).toBe('The tables are up to date.\n');
});

test('dead letters are listed: their lines on standard output, their number beside it', async () => {
  const { code, out, err } = await parley(['deadletters', 'list', '1'], env);
  const lines = out.split('\n').filter((line) => line !== '');
  expect(code).toBe(0);
  for (const line of lines) expect(Object.keys(JSON.parse(line))).toContain('reason');
  expect(err).toStartWith(`${lines.length} of `);
});

describe('keys', () => {
  let redis: RedisDrivers;
  const heard: AccessHint[] = [];
  beforeAll(async () => {
    redis = openRedis({ servers: redisServers(variable('REDIS_URL')), partitions: 8 });
    redis.hints.listen((hint) => heard.push(hint));
    await until('it listens', async () => (await redis.hints.unbrokenSince()) !== undefined);
  });
  afterAll(() => redis.close());

  test('they are turned on and off in the database, and the programs are told', async () => {
    const { keys } = database.mysql;
    heard.length = 0;
    const { err } = await parley(['keys', 'on'], env);
    expect(err).toContain('There is no admin key here yet');
    expect((await keys.accessSince()).keyed).toBe(true);
    await until('the hint is heard', () => heard.some(({ kind }) => kind === 'changed'));
    await parleyDone(['keys', 'open'], env);
    expect((await keys.accessSince()).keyed).toBe(false);
  });

  test('a key is made, shown and revoked, and the programs are told of that', async () => {
    const { token } = await stored(database);
    const { key, id } = await createdKey(['--application', token, '--name', 'web'], env);
    const other = await createdKey(['--admin', '--name', 'me'], env);
    expect(await parleyDone(['keys', 'list', '--application', token], env)).toContain(id);
    expect(await parleyDone(['keys', 'list', '--admin'], env)).toContain(other.id);
    expect(await parleyDone(['keys', 'show', '-'], env, key)).toContain('state      valid');
    await parleyDone(['keys', 'revoke', id, '--application', token], env);
    expect(await parleyDone(['keys', 'show', '-'], env, key)).toContain('state      revoked');
    await until('the hint is heard', () => heard.some((hint) => hint.kind === 'revoked' && hint.id === id));
  });

  test('a new signing key is made', async () => {
    await parleyDone(['keys', 'rotate'], env);
    expect(await database.mysql.keys.signingKey()).toBeDefined();
  });

  test('without Redis a command is done, and says that the programs were not told', async () => {
    const { code, err } = await parley(['keys', 'on'], { ...env, REDIS_URL: 'redis://127.0.0.1:9' });
    expect(code).toBe(0);
    expect(err).toContain('could not be told');
  });

  test('a secret is in no message', async () => {
    const hidden = 'hidden-password';
    const url = new URL(database.url);
    url.password = hidden;
    for (const wrong of [url.href, url.href.replace('mysql:', 'postgres:'), `${url.href} `]) {
      const { code, out, err } = await parley(['keys', 'status'], { ...env, MYSQL_URL: wrong });
      expect([code, out]).toEqual([1, '']);
      expect(err).not.toContain(hidden);
    }
  });
});

/** An application that is stored. */
async function stored({ mysql }: OwnDatabase) {
  const event = applicationCreated();
  await mysql.store.append([event]);
  return event;
}
