import {
  type AccessKey,
  type AccessState,
  isScope,
  type KeyStore,
  type SigningKey,
  type Token,
  TooManyKeys,
} from '@parley/domain';
import { DatabaseFault, refusing } from '../faults.ts';
import { tokenOf } from '../literals.ts';
import type { Pool } from '../pool.ts';
import { type LimitsValue, toLimits } from '../read/limits.ts';
import type { accessKeys, applications, installation, RowOf, signingKeys } from '../schema.ts';
import * as statements from './statements.ts';

type KeyRow = Omit<RowOf<typeof accessKeys>, NullableTime> & { readonly [Key in NullableTime]: Date | null };
type NullableTime = 'expires_at' | 'last_used_at' | 'revoked_at';
type SigningRow = RowOf<typeof signingKeys>;
type LimitsRow = Pick<RowOf<typeof applications>, 'token'> & { readonly limits: LimitsValue };
type StateRows = readonly [
  (Pick<RowOf<typeof installation>, 'keyed'> & { readonly at: Date })[],
  { readonly id: Buffer; readonly revoked_at: Date }[],
  Omit<SigningRow, 'private_key'>[],
  LimitsRow[],
];

const HOUR_MS = 60 * 60 * 1_000;
const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * The keys in MySQL. All statements go to the primary, so a key that was revoked is revoked for every later read. Each
 * is safe to repeat after a lost connection.
 */
export class MysqlKeyStore implements KeyStore {
  readonly #pool: Pool;

  /** `pool`: one whose sessions take packets of statements. */
  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async setKeyed(keyed: boolean): Promise<void> {
    const matched = await this.#change(statements.setKeyed(keyed));
    if (matched === 0) await refusing(Promise.reject(noInstallation()));
  }

  async addKey(key: AccessKey, hash: string): Promise<void> {
    const add = [statements.addKey(key, hash), statements.storedKey(key.id, hash)];
    const [added, stored] = (await this.#send(add)) as [{ affectedRows: number }, unknown[]];
    if (stored.length === 1) return;
    if (added.affectedRows === 0) throw new TooManyKeys();
    throw new DatabaseFault('duplicate', 'KEY_EXISTS');
  }

  async keys(token: Token | undefined): Promise<readonly AccessKey[]> {
    const rows = await this.#select<KeyRow>(statements.keysOf(token));
    return rows.map(toAccessKey);
  }

  async keysByHash(hashes: readonly string[]): Promise<ReadonlyMap<string, AccessKey>> {
    if (hashes.length === 0) return new Map();
    const rows = await this.#select<KeyRow>(statements.keysByHash(hashes));
    return new Map(rows.map((row) => [row.hash.toString('hex'), toAccessKey(row)]));
  }

  async revokeKey(token: Token | undefined, id: string): Promise<boolean> {
    return ID.test(id) && (await this.#change(statements.revokeKey(token, id))) > 0;
  }

  async keysUsed(ids: readonly string[], at: number): Promise<void> {
    if (ids.length > 0) await this.#change(statements.keysUsed(ids, at - (at % HOUR_MS)));
  }

  async addSigningKey(key: SigningKey): Promise<void> {
    await this.#change(statements.addSigningKey(key));
  }

  async signingKey(): Promise<SigningKey | undefined> {
    const [row] = await this.#select<SigningRow>(statements.SIGNING_KEY);
    return row && { ...toPublicKey(row), privateKey: row.private_key };
  }

  async dropSigningKeys(createdAt: number): Promise<void> {
    await this.#change(statements.dropSigningKeys(createdAt));
  }

  async accessSince(since?: number): Promise<AccessState> {
    const results = await this.#send(statements.accessSince(since));
    const [[state], revoked, signing, limits] = results as unknown as StateRows;
    if (state === undefined) return refusing(Promise.reject(noInstallation()));
    return {
      at: state.at.getTime(),
      keyed: state.keyed === statements.NO_MODE ? undefined : state.keyed === statements.KEYED,
      revoked: revoked.map((row) => ({ id: tokenOf(row.id), at: row.revoked_at.getTime() })),
      signingKeys: signing.map(toPublicKey),
      limits: limits.map((row) => ({ token: tokenOf(row.token), limits: toLimits(row.limits) ?? {} })),
    };
  }

  #select<Row>(sql: string): Promise<Row[]> {
    return refusing(this.#pool.useAgain((session) => session.select<Row>(sql)));
  }

  #send(sql: readonly string[]): Promise<unknown[]> {
    return refusing(this.#pool.transaction((session) => session.send(sql)));
  }

  /** How many rows the statement has found. Each statement is a transaction of its own. */
  async #change(sql: string): Promise<number> {
    return (await refusing(this.#pool.transaction((session) => session.change(sql)))).matched;
  }
}

function noInstallation(): DatabaseFault {
  return new DatabaseFault('outage', 'NO_INSTALLATION');
}

function toAccessKey(row: KeyRow): AccessKey {
  const token = tokenOf(row.token);
  return {
    id: tokenOf(row.id),
    token: token === NO_TOKEN ? undefined : token,
    name: row.name,
    scopes: row.scopes.split(' ').filter(isScope),
    createdAt: row.created_at.getTime(),
    expiresAt: row.expires_at?.getTime(),
    lastUsedAt: row.last_used_at?.getTime(),
    revokedAt: row.revoked_at?.getTime(),
  };
}

const NO_TOKEN = '00000000-0000-0000-0000-000000000000';

function toPublicKey(row: Omit<SigningRow, 'private_key'>): Omit<SigningKey, 'privateKey'> {
  return { kid: tokenOf(row.kid), publicKey: row.public_key, createdAt: row.created_at.getTime() };
}
