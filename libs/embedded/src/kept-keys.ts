import type { Database } from 'bun:sqlite';
import { type Event, IDEMPOTENCY_WINDOW_MS, type IdempotencyKey } from '@parley/domain';

export interface KeptKey {
  readonly body: string;
  readonly token: string;
  readonly first: number;
  readonly eventId: string;
  readonly at: number;
}

/** The idempotency keys of stored events, for 24 hours. Each is written in the transaction of its event's rows. */
export class KeptKeys {
  readonly #find;
  readonly #insert;
  readonly #expire;

  constructor(
    database: Database,
    private readonly now: () => number,
  ) {
    this.#find = database.query<KeptKey, [string, string, number]>(
      `SELECT body_hash AS body, token, first, event_id AS eventId, at FROM idempotency
       WHERE scope = ? AND key_hash = ? AND at > ?`,
    );
    this.#insert = database.query<unknown, [string, string, string, string, number, string, number]>(
      `INSERT INTO idempotency (scope, key_hash, body_hash, token, first, event_id, at) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (scope, key_hash) DO UPDATE SET body_hash = excluded.body_hash, token = excluded.token,
         first = excluded.first, event_id = excluded.event_id, at = excluded.at`,
    );
    this.#expire = database.query<unknown, [number]>(
      'DELETE FROM idempotency WHERE rowid IN (SELECT rowid FROM idempotency WHERE at <= ? ORDER BY at LIMIT 100)',
    );
  }

  find(scope: string, keyHash: string): KeptKey | undefined {
    return this.#find.get(scope, keyHash, this.now() - IDEMPOTENCY_WINDOW_MS) ?? undefined;
  }

  /** Stores an event's key, in the caller's transaction, and deletes up to 100 expired keys. */
  keep(event: Event, key: IdempotencyKey): void {
    const first = event.type === 'messages' ? event.first : event.type === 'chat' ? event.number : 0;
    this.#insert.run(scopeOf(event), key.hash, key.body, event.token, first, event.id, event.at);
    this.#expire.run(this.now() - IDEMPOTENCY_WINDOW_MS);
  }
}

/** The scope of an event's key: its application. A new application has none, so all of these share a scope. */
export function scopeOf(event: Event): string {
  return event.type === 'application' ? 'applications' : event.token;
}
