import type { Database } from 'bun:sqlite';
import {
  type AccessKey,
  type AccessState,
  isScope,
  KEYS_MADE_MAX,
  KEYS_MAX,
  type KeyStore,
  REVOKED_SECONDS,
  type SigningKey,
  type Token,
  TooManyKeys,
} from '@parley/domain';
import { guarded } from './database.ts';
import { LIMIT_COLUMNS, type LimitColumns, limitsOf } from './rows.ts';
import type { Writing } from './writing.ts';

const HOUR_MS = 60 * 60 * 1_000;
/** The token of an admin key: it belongs to no application. */
const NO_TOKEN = '';

/** The mode, the keys and the signing keys, in the tables of the one file. */
export class EmbeddedKeys implements KeyStore {
  readonly #statements;
  readonly #add;

  /** `now` must never go back, and must also be the clock of changed limits: see `accessSince`. */
  constructor(
    database: Database,
    private readonly writing: Writing,
    private readonly now: () => number,
  ) {
    this.#statements = prepare(database);
    this.#add = database.transaction((key: AccessKey, hash: string) => this.#addKey(key, hash));
  }

  setKeyed(keyed: boolean): Promise<void> {
    return this.#write(() => this.#statements.setKeyed.run(keyed ? 1 : 0));
  }

  addKey(key: AccessKey, hash: string): Promise<void> {
    return this.#write(() => this.#add.immediate(key, hash));
  }

  keys(token: Token | undefined): Promise<readonly AccessKey[]> {
    return guarded(() => this.#statements.keys.all(token ?? NO_TOKEN).map(keyOf));
  }

  keysByHash(hashes: readonly string[]): Promise<ReadonlyMap<string, AccessKey>> {
    return guarded(() => {
      const found = this.#statements.keysByHash.all(JSON.stringify(hashes));
      return new Map(found.map((row) => [row.hash, keyOf(row)]));
    });
  }

  revokeKey(token: Token | undefined, id: string): Promise<boolean> {
    const { revoke } = this.#statements;
    return this.writing.run(() => revoke.run(token ?? NO_TOKEN, id, this.now()).changes > 0);
  }

  keysUsed(ids: readonly string[], at: number): Promise<void> {
    return this.#write(() => this.#statements.used.run(JSON.stringify(ids), at - (at % HOUR_MS)));
  }

  addSigningKey({ kid, publicKey, privateKey, createdAt }: SigningKey): Promise<void> {
    return this.#write(() => this.#statements.addSigningKey.run(kid, publicKey, privateKey, createdAt));
  }

  signingKey(): Promise<SigningKey | undefined> {
    return guarded(() => this.#statements.newestSigningKey.get() ?? undefined);
  }

  dropSigningKeys(createdAt: number): Promise<void> {
    return this.#write(() => this.#statements.dropSigningKeys.run(createdAt));
  }

  /** What was changed in the same millisecond as `since` comes again. */
  accessSince(since?: number): Promise<AccessState> {
    const { keyed, revokedSince, signingKeys, limits, limitsSince } = this.#statements;
    return guarded(() => {
      const at = this.now();
      const changed = since === undefined ? limits.all() : limitsSince.all(since);
      return {
        at,
        keyed: keyedOf(keyed.get()?.keyed),
        revoked: revokedSince.all(since ?? at - REVOKED_SECONDS * 1_000),
        signingKeys: signingKeys.all(),
        limits: changed.map((row) => ({ token: row.token, limits: limitsOf(row) ?? {} })),
      };
    });
  }

  #addKey({ id, token = NO_TOKEN, name, scopes, ...key }: AccessKey, hash: string): void {
    const { count, made, addKey } = this.#statements;
    const since = key.createdAt - REVOKED_SECONDS * 1_000;
    if ((count.get(token)?.count ?? 0) >= KEYS_MAX) throw new TooManyKeys();
    if ((made.get(token, since)?.count ?? 0) >= KEYS_MADE_MAX) throw new TooManyKeys();
    const { createdAt, expiresAt = null, lastUsedAt = null, revokedAt = null } = key;
    addKey.run(id, token, name, hash, scopes.join(' '), createdAt, expiresAt, lastUsedAt, revokedAt);
  }

  async #write(write: () => unknown): Promise<void> {
    await this.writing.run(write);
  }
}

interface KeyRow {
  readonly id: string;
  readonly token: string;
  readonly name: string;
  readonly hash: string;
  readonly scopes: string;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly lastUsedAt: number | null;
  readonly revokedAt: number | null;
}

function keyOf({ id, token, name, scopes, createdAt, expiresAt, lastUsedAt, revokedAt }: KeyRow): AccessKey {
  return {
    id,
    ...(token !== NO_TOKEN && { token }),
    name,
    scopes: scopes.split(' ').filter(isScope),
    createdAt,
    ...(expiresAt !== null && { expiresAt }),
    ...(lastUsedAt !== null && { lastUsedAt }),
    ...(revokedAt !== null && { revokedAt }),
  };
}

/** No row: the mode was never recorded. */
function keyedOf(keyed: 0 | 1 | undefined): boolean | undefined {
  return keyed === undefined ? undefined : keyed === 1;
}

function prepare(database: Database) {
  type Time = number | null;
  const key = `SELECT id, token, name, hash, scopes, created_at AS createdAt, expires_at AS expiresAt,
    last_used_at AS lastUsedAt, revoked_at AS revokedAt FROM access_keys`;
  const signingKey = 'kid, public_key AS publicKey, created_at AS createdAt';
  const limits = `SELECT token, ${LIMIT_COLUMNS} FROM applications WHERE limits_changed_at`;
  return {
    setKeyed: database.query<unknown, [0 | 1]>(
      'INSERT INTO access (id, keyed) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET keyed = excluded.keyed',
    ),
    keyed: database.query<{ keyed: 0 | 1 }, []>('SELECT keyed FROM access'),
    count: database.query<{ count: number }, [string]>(
      'SELECT count(*) AS count FROM access_keys WHERE token = ? AND revoked_at IS NULL',
    ),
    made: database.query<{ count: number }, [string, number]>(
      'SELECT count(*) AS count FROM access_keys WHERE token = ? AND created_at > ?',
    ),
    addKey: database.query<unknown, [string, string, string, string, string, number, Time, Time, Time]>(
      `INSERT INTO access_keys (id, token, name, hash, scopes, created_at, expires_at, last_used_at, revoked_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    keys: database.query<KeyRow, [string]>(
      `${key} WHERE token = ? AND revoked_at IS NULL ORDER BY created_at, rowid LIMIT ${KEYS_MAX}`,
    ),
    keysByHash: database.query<KeyRow, [string]>(`${key} WHERE hash IN (SELECT value FROM json_each(?))`),
    revoke: database.query<unknown, [string, string, number]>(
      'UPDATE access_keys SET revoked_at = coalesce(revoked_at, ?3) WHERE id = ?2 AND token = ?1',
    ),
    used: database.query<unknown, [string, number]>(
      `UPDATE access_keys SET last_used_at = ?2
       WHERE id IN (SELECT value FROM json_each(?1)) AND coalesce(last_used_at, 0) < ?2`,
    ),
    revokedSince: database.query<{ id: string; at: number }, [number]>(
      'SELECT id, revoked_at AS at FROM access_keys WHERE revoked_at >= ? ORDER BY revoked_at',
    ),
    addSigningKey: database.query<unknown, [string, string, string, number]>(
      'INSERT INTO signing_keys (kid, public_key, private_key, created_at) VALUES (?, ?, ?, ?)',
    ),
    // The newest key is the one that was added last, whatever the clock said: it has the highest rowid.
    newestSigningKey: database.query<SigningKey, []>(
      `SELECT ${signingKey}, private_key AS privateKey FROM signing_keys ORDER BY rowid DESC LIMIT 1`,
    ),
    signingKeys: database.query<Omit<SigningKey, 'privateKey'>, []>(
      `SELECT ${signingKey} FROM signing_keys ORDER BY rowid`,
    ),
    dropSigningKeys: database.query<unknown, [number]>(
      'DELETE FROM signing_keys WHERE created_at < ? AND rowid < (SELECT max(rowid) FROM signing_keys)',
    ),
    limits: database.query<LimitColumns & { readonly token: Token }, []>(
      `${limits} IS NOT NULL AND coalesce(messages_per_second, requests_per_second, creates_in_flight,
         live_connections) IS NOT NULL`,
    ),
    limitsSince: database.query<LimitColumns & { readonly token: Token }, [number]>(`${limits} >= ?`),
  };
}
