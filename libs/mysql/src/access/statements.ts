import { type AccessKey, KEYS_MADE_MAX, KEYS_MAX, REVOKED_SECONDS, type SigningKey, type Token } from '@parley/domain';
import { bytes, text, time } from '../literals.ts';
import { LIMIT_COLUMNS, limitsColumn } from '../read/limits.ts';

/** The statements of the key store. Each reads by one key of its table; `signing_keys` has few rows. */

/** The application of an admin key. */
const NO_TOKEN = '0'.repeat(32);

const KEY_COLUMNS = 'id, token, name, hash, scopes, created_at, expires_at, last_used_at, revoked_at';

function ofApplication(token: Token | undefined): string {
  return `token = ${bytes(token ?? NO_TOKEN)}`;
}

/**
 * Adds the key unless the application has, or has made, too many. Matches no row then. A repetition after a lost connection changes
 * nothing. Two processes at once may add one key too many.
 */
export function addKey(key: AccessKey, hash: string): string {
  const { id, token, name, scopes, createdAt, expiresAt } = key;
  const end = expiresAt === undefined ? 'NULL' : time(expiresAt);
  const values = [
    bytes(id),
    bytes(token ?? NO_TOKEN),
    text(name),
    bytes(hash),
    text(scopes.join(' ')),
    time(createdAt),
    end,
  ];
  return `INSERT INTO access_keys (id, token, name, hash, scopes, created_at, expires_at)
    SELECT ${values.join()} FROM DUAL
    WHERE (SELECT COUNT(*) FROM access_keys AS k FORCE INDEX (access_keys_token)
      WHERE k.${ofApplication(token)} AND k.revoked_at IS NULL) < ${KEYS_MAX}
    AND (SELECT COUNT(*) FROM access_keys AS m FORCE INDEX (access_keys_token)
      WHERE m.${ofApplication(token)} AND m.created_at > ${time(createdAt - REVOKED_SECONDS * 1_000)}) < ${KEYS_MADE_MAX}
    ON DUPLICATE KEY UPDATE id = access_keys.id`;
}

/** One row if exactly this key is stored. */
export function storedKey(id: string, hash: string): string {
  return `SELECT 1 FROM access_keys FORCE INDEX (PRIMARY) WHERE id = ${bytes(id)} AND hash = ${bytes(hash)}`;
}

export function keysOf(token: Token | undefined): string {
  return `SELECT ${KEY_COLUMNS} FROM access_keys FORCE INDEX (access_keys_token)
    WHERE ${ofApplication(token)} AND revoked_at IS NULL ORDER BY created_at, id`;
}

export function keysByHash(hashes: readonly string[]): string {
  return `SELECT ${KEY_COLUMNS} FROM access_keys FORCE INDEX (access_keys_hash)
    WHERE hash IN (${hashes.map(bytes).join()})`;
}

/** If it is revoked again, the later time is kept: whoever missed the first time is told again. */
export function revokeKey(token: Token | undefined, id: string): string {
  return `UPDATE access_keys FORCE INDEX (PRIMARY) SET revoked_at = NOW(3)
    WHERE id = ${bytes(id)} AND ${ofApplication(token)}`;
}

export function keysUsed(ids: readonly string[], at: number): string {
  const hour = time(at);
  return `UPDATE access_keys FORCE INDEX (PRIMARY) SET last_used_at = ${hour}
    WHERE id IN (${ids.map(bytes).join()}) AND (last_used_at IS NULL OR last_used_at < ${hour})`;
}

/** The mode in the column `keyed`: never recorded, keyed, opened again. */
export const [NO_MODE, KEYED, OPENED] = [0, 1, 2];

export function setKeyed(keyed: boolean): string {
  return `UPDATE installation SET keyed = ${keyed ? KEYED : OPENED} WHERE id = 1`;
}

/** Its time is above that of all others, so it is the newest one, even if the clock of its process is behind. */
export function addSigningKey({ kid, publicKey, privateKey, createdAt }: SigningKey): string {
  return `INSERT INTO signing_keys (kid, public_key, private_key, created_at)
    SELECT ${bytes(kid)}, ${text(publicKey)}, ${text(privateKey)},
      GREATEST(${datetime(createdAt)}, COALESCE(MAX(s.created_at) + INTERVAL 1000 MICROSECOND, ${datetime(0)}))
    FROM signing_keys AS s
    ON DUPLICATE KEY UPDATE kid = signing_keys.kid`;
}

const NEWEST_FIRST = 'ORDER BY created_at DESC, kid DESC';

export const SIGNING_KEY = `SELECT kid, public_key, private_key, created_at FROM signing_keys ${NEWEST_FIRST} LIMIT 1`;

/** The newest time is read in a derived table: MySQL refuses a subquery on the table that a DELETE changes. */
export function dropSigningKeys(createdAt: number): string {
  return `DELETE FROM signing_keys WHERE created_at < ${time(createdAt)}
    AND created_at < (SELECT newest FROM (SELECT MAX(created_at) AS newest FROM signing_keys) AS s)`;
}

/**
 * A change gets its time when its statement begins, and becomes visible with its commit. So whoever looks in between
 * does not see it, and must look for older times at the next look. A change that was acknowledged was committed within
 * the time limits of its statements, a few seconds.
 */
export const OVERLAP_SECONDS = 10;

/**
 * What every process must know: four statements, one round trip. The time is read first: what is committed later is
 * found by the next look. `since` counts as no later than now: after a failover the clock may be behind.
 */
export function accessSince(since: number | undefined): string[] {
  const revokedFrom = since === undefined ? `NOW(3) - INTERVAL ${REVOKED_SECONDS} SECOND` : overlapping(since);
  return [
    'SELECT NOW(3) AS at, keyed FROM installation WHERE id = 1',
    `SELECT id, revoked_at FROM access_keys FORCE INDEX (access_keys_revoked_at) WHERE revoked_at >= ${revokedFrom}`,
    `SELECT kid, public_key, created_at FROM signing_keys ${NEWEST_FIRST}`,
    since === undefined ? ALL_LIMITS : changedLimits(overlapping(since)),
  ];
}

function overlapping(since: number): string {
  return `LEAST(${datetime(since)}, NOW(3)) - INTERVAL ${OVERLAP_SECONDS} SECOND`;
}

/** A time with a type, for functions that compare: else they would compare texts. */
function datetime(milliseconds: number): string {
  return `TIMESTAMP${time(milliseconds)}`;
}

const SELECT_LIMITS = `SELECT a.token, ${limitsColumn('a')} FROM applications AS a FORCE INDEX (applications_limits)
  WHERE a.limits_changed_at`;

function changedLimits(from: string): string {
  return `${SELECT_LIMITS} >= ${from}`;
}

/** Those that are set. An application whose limits were taken away has the time of that, but no limits. */
const ALL_LIMITS = `${SELECT_LIMITS} IS NOT NULL AND COALESCE(${Object.values(LIMIT_COLUMNS).join()}) IS NOT NULL`;
