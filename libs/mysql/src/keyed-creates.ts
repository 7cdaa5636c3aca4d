import type { Token } from '@parley/domain';
import { bytes, tokenOf } from './literals.ts';
import type { Pool } from './pool.ts';

/** A create that came with an Idempotency-Key and is stored. */
export interface KeyedCreate {
  readonly eventId: string;
  /** SHA-256 of the request's body, in hexadecimal. */
  readonly bodyHash: string;
  /** The application that was created, or in which something was. */
  readonly token: Token;
  /** The first number that was created; 0 for an application. */
  readonly first: number;
  readonly epoch: number;
  /** When it was accepted: milliseconds since 1970, UTC. The key counts for 24 hours from then; rows stay a little longer. */
  readonly at: number;
}

/** The scope, in the database, of keys that create applications. */
const APPLICATIONS = '0'.repeat(32);

export async function findKeyedCreate(
  pool: Pool,
  scope: Token | 'applications',
  hash: string,
): Promise<KeyedCreate | undefined> {
  const [row] = await pool.useAgain((session) => session.select<Row>(keyedCreateStatement(scope, hash)));
  return (
    row && {
      eventId: row.event_id.toString('hex'),
      bodyHash: row.body_hash.toString('hex'),
      token: tokenOf(row.token),
      first: row.first,
      epoch: row.epoch,
      at: row.at.getTime(),
    }
  );
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
