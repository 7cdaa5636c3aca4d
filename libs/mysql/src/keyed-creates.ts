import { IDEMPOTENCY_WINDOW_MS, type KeyedCreate, type Token } from '@parley/domain';
import { bytes, tokenOf } from './literals.ts';
import type { Pool } from './pool.ts';

/** The scope, in the database, of keys that create applications. */
const APPLICATIONS = '0'.repeat(32);

export async function findKeyedCreate(
  pool: Pool,
  scope: Token | 'applications',
  hash: string,
): Promise<KeyedCreate | undefined> {
  const [row] = await pool.useAgain((session) => session.select<Row>(keyedCreateStatement(scope, hash)));
  if (row === undefined || row.at.getTime() + IDEMPOTENCY_WINDOW_MS <= Date.now()) return undefined;
  return {
    eventId: row.event_id.toString('hex'),
    bodyHash: row.body_hash.toString('hex'),
    token: tokenOf(row.token),
    first: row.first,
    epoch: row.epoch,
    at: row.at.getTime(),
  };
}

interface Row {
  readonly event_id: Buffer;
  readonly body_hash: Buffer;
  readonly token: Buffer;
  readonly first: number;
  readonly epoch: number;
  readonly at: Date;
}

export function keyedCreateStatement(scope: Token | 'applications', hash: string): string {
  const token = bytes(scope === 'applications' ? APPLICATIONS : scope);
  return `SELECT event_id, body_hash, token, first, epoch, at FROM idempotency
    WHERE scope = ${token} AND key_hash = ${bytes(hash)}`;
}
