import { IDEMPOTENCY_WINDOW_MS, type KeyedCreate, partitionOf, type Sequence, type Token } from '@parley/domain';
import { bytes, integer, tokenOf } from './literals.ts';
import type { Pool } from './pool.ts';
import { applicationLives, chatLives } from './read/statements.ts';
import type { idempotency, RowOf } from './schema.ts';

/** 16 zero bytes: the scope of idempotency keys that create applications. */
const APPLICATIONS = '0'.repeat(32);

/**
 * Reads an idempotency key; undefined if it is unknown or older than 24 hours, or if the application or chat of
 * `sequence` does not exist any more. A key is in the partition of its
 * application. A key that creates an application is in the partition of its hash, and the new token is made for that
 * partition.
 */
export async function findKeyedCreate(
  pool: Pool,
  partitions: number,
  scope: Token | 'applications',
  hash: string,
  sequence?: Sequence,
): Promise<KeyedCreate | undefined> {
  const partition = partitionOf(scope === 'applications' ? hash : scope, partitions);
  const sql = keyedCreateStatement(partition, scope, hash, sequence);
  const [row] = await pool.useAgain((session) => session.select<RowOf<typeof idempotency>>(sql));
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

export function keyedCreateStatement(
  partition: number,
  scope: Token | 'applications',
  hash: string,
  sequence?: Sequence,
): string {
  const token = bytes(scope === 'applications' ? APPLICATIONS : scope);
  return `SELECT event_id, body_hash, token, first, epoch, at FROM idempotency
    WHERE partition_number = ${integer(partition)} AND scope = ${token} AND key_hash = ${bytes(hash)}
    ${sequence === undefined ? '' : `AND ${lives(partition, sequence)}`}`;
}

/** A condition in SQL: the sequence's application and chat live. */
function lives(partition: number, sequence: Sequence): string {
  const application = { partition, token: sequence.token };
  if (sequence.kind === 'chats') return applicationLives(application);
  return `${applicationLives(application)} AND ${chatLives({ ...application, chat: sequence.chat })}`;
}
