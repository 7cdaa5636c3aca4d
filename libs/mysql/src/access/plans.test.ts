import { afterAll, beforeAll, expect, test } from 'bun:test';
import { type AccessKey, hashOfKey, newToken, partitionOf } from '@parley/domain';
import { somePlacesStatement } from '../inbox/page.ts';
import { application, chat } from '../testing/events.ts';
import { advanceAll, type OwnDatabase, ownDatabase, PARTITIONS } from '../testing/own-database.ts';
import * as statements from './statements.ts';

let database: OwnDatabase;
const token = newToken();
const here = { partition: partitionOf(token, PARTITIONS), token };
const aKey = (): AccessKey => ({
  id: crypto.randomUUID(),
  token,
  name: 'A key',
  scopes: ['keys'],
  createdAt: Date.now(),
});
const ids = Array.from({ length: 1_000 }, () => crypto.randomUUID());
const [id = ''] = ids;
beforeAll(async () => {
  database = await ownDatabase();
  const { mysql, query } = database;
  const others = Array.from({ length: 200 }, () => application());
  const chats = Array.from({ length: 500 }, (_, place) => chat(token, place + 1));
  await mysql.store.append([application(token), ...others, ...chats]);
  await advanceAll(mysql);
  await query(`UPDATE applications SET messages_per_second = 5, limits_changed_at = NOW(3) LIMIT 20`);
  const rows = Array.from({ length: 1_000 }, (_, place) => {
    const owner = place % 10 === 0 ? token : newToken();
    const bytes = [ids[place] ?? '', owner].map((id) => `0x${id.replaceAll('-', '')}`);
    const revoked = place % 50 === 0 ? 'NOW(3)' : 'NULL';
    return `(${bytes.join()}, 'A key', 0x${hashOfKey(`${place}`)}, 'keys', NOW(3), ${revoked})`;
  });
  await query(`INSERT INTO access_keys (id, token, name, hash, scopes, created_at, revoked_at) VALUES ${rows.join()}`);
  await query('ANALYZE TABLE access_keys, applications, activity');
});
afterAll(() => database.close());

const hashes = (count: number) => Array.from({ length: count }, (_, place) => hashOfKey(`${place}`));
/** The statements of accessSince that read by an index: `signing_keys` and `installation` have a few rows. */
const changed = (place: number, since?: number) => statements.accessSince(since)[place] ?? '';

/** `key`: the only index by which the statements of `sql` may read. `sorts`: MySQL may sort the few rows that it finds. */
const plans: [what: string, key: string, sql: () => string[], sorts?: boolean][] = [
  ['a new key', 'access_keys_token', () => [statements.addKey(aKey(), hashOfKey('new'))]],
  ['whether a key is stored', 'PRIMARY', () => [statements.storedKey(id, hashOfKey('0'))]],
  ['the keys of an application', 'access_keys_token', () => [statements.keysOf(token), statements.keysOf(undefined)]],
  [
    'keys by their hashes',
    'access_keys_hash',
    () => [1, 2, 1_000].map((count) => statements.keysByHash(hashes(count))),
  ],
  ['the end of a key', 'PRIMARY', () => [statements.revokeKey(token, id)]],
  [
    'the use of keys',
    'PRIMARY',
    () => [1, 2, 900].map((count) => statements.keysUsed(ids.slice(0, count), Date.now())),
  ],
  ['the mode', 'PRIMARY', () => [statements.setKeyed(true), changed(0)]],
  ['revoked keys', 'access_keys_revoked_at', () => [changed(1), changed(1, Date.now())]],
  ['changed limits', 'applications_limits', () => [changed(3), changed(3, Date.now())]],
  [
    "a user's inbox",
    'PRIMARY',
    () => [
      somePlacesStatement(here, [7, 9], 50),
      somePlacesStatement(here, Array(200).keys().toArray(), 50, { at: Date.now(), chat: 3 }),
    ],
    true,
  ],
];

for (const [what, index, sql, sorts = false] of plans) {
  test(`${what}: reads by the index ${index}${sorts ? '' : ', without sorting'}`, async () => {
    for (const statement of sql()) {
      const plan = await database.query<{
        select_type: string;
        table: string | null;
        type: string | null;
        key: string | null;
        Extra: string | null;
      }>(`EXPLAIN FORMAT=TRADITIONAL ${statement}`);
      const tables = plan.filter(({ select_type, table, Extra }) => {
        return table !== null && select_type !== 'INSERT' && !/No tables/.test(Extra ?? '');
      });
      expect(tables.length, statement).toBeGreaterThan(0);
      for (const { type, key: used, Extra } of tables) {
        expect(used, statement).toBe(index);
        expect(['const', 'eq_ref', 'ref', 'range'], statement).toContain(type ?? '');
        if (!sorts) expect(Extra ?? '', statement).not.toMatch(/filesort|temporary/i);
      }
    }
  });
}
