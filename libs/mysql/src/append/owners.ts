import type { Event, Token } from '@parley/domain';
import { bytes, integer, tokenOf } from '../literals.ts';
import type { Pool } from '../pool.ts';

const KEYS_PER_STATEMENT = 500;

/** What an event's rows belong to: an application, or a chat if its number is given. */
interface Owner {
  readonly token: Token;
  readonly chat?: number;
}

/**
 * Remembers which owners (applications, chats) of one partition are stored, but never that one is missing. After a
 * delete they are forgotten: the partition's column `deletes` counts the deletes, and every commit checks it. So a
 * look-up needs neither a transaction nor a lock.
 */
export class KnownOwners {
  /** The partition's `deletes` at the last `forget`; remembered owners were found since then. */
  deletes = 0;
  /** The keys of the remembered owners, the one used last at the end. */
  readonly #known = new Set<string>();
  readonly #partition: number;
  readonly #limit: number;

  constructor(partition: number, limit: number) {
    this.#partition = partition;
    this.#limit = limit;
  }

  /** Forgets all owners. Call it after a delete, with the partition's new `deletes`: some may be gone. */
  forget(deletes: number): void {
    this.#known.clear();
    this.deletes = deletes;
  }

  has(key: string): boolean {
    if (!this.#known.delete(key)) return false;
    this.#known.add(key);
    return true;
  }

  add(key: string): void {
    this.#known.delete(key);
    this.#known.add(key);
    if (this.#known.size <= this.#limit) return;
    for (const oldest of this.#known) {
      this.#known.delete(oldest);
      return;
    }
  }

  /** Remembers what the events have created. Call it once their transaction is committed. */
  addCreated(events: readonly Event[]): void {
    for (const event of events) {
      const created = createdBy(event);
      if (created !== undefined) this.add(created);
    }
  }

  /**
   * The events whose owner is neither stored nor created by an earlier one of `events`. What such an event creates will
   * not be stored, so it is no owner for later events.
   */
  async orphansAmong(pool: Pool, events: readonly Event[]): Promise<Set<Event>> {
    const owners = events.map(ownerOf);
    const keys = owners.map((owner) => owner && keyOf(owner));
    const stored = await this.#storedAmong(pool, owners, keys);
    const created = new Set<string>();
    const orphans = new Set<Event>();
    for (const [place, event] of events.entries()) {
      const key = keys[place];
      if (key !== undefined && !stored.has(key) && !created.has(key)) {
        orphans.add(event);
        continue;
      }
      const creates = createdBy(event);
      if (creates !== undefined) created.add(creates);
    }
    return orphans;
  }

  async #storedAmong(
    pool: Pool,
    owners: readonly (Owner | undefined)[],
    keys: readonly (string | undefined)[],
  ): Promise<Set<string>> {
    const stored = new Set<string>();
    const unknown = new Map<string, Owner>();
    for (const [place, owner] of owners.entries()) {
      const key = keys[place];
      if (owner === undefined || key === undefined || stored.has(key) || unknown.has(key)) continue;
      if (this.has(key)) stored.add(key);
      else unknown.set(key, owner);
    }
    for (const key of await this.#look(pool, [...unknown.values()])) {
      stored.add(key);
      this.add(key);
    }
    return stored;
  }

  async #look(pool: Pool, owners: readonly Owner[]): Promise<string[]> {
    const found: string[] = [];
    for (let from = 0; from < owners.length; from += KEYS_PER_STATEMENT) {
      for (const sql of ownerStatements(this.#partition, owners.slice(from, from + KEYS_PER_STATEMENT))) {
        const rows = await pool.useAgain((session) => session.select<{ token: Buffer; chat: number | null }>(sql));
        for (const { token, chat } of rows) {
          found.push(keyOf(chat === null ? { token: tokenOf(token) } : { token: tokenOf(token), chat }));
        }
      }
    }
    return found;
  }
}

export function ownerStatements(partition: number, owners: readonly Owner[]): string[] {
  const here = `partition_number = ${integer(partition)}`;
  const applications = owners.filter((owner) => owner.chat === undefined).map(({ token }) => bytes(token));
  const chats = owners.flatMap(({ token, chat }) => (chat === undefined ? [] : `(${bytes(token)},${integer(chat)})`));
  const statements: string[] = [];
  if (applications.length > 0) {
    statements.push(
      `SELECT token, NULL AS chat FROM applications FORCE INDEX (PRIMARY) WHERE ${here} AND token IN (${applications.join()})`,
    );
  }
  if (chats.length > 0) {
    statements.push(
      `SELECT token, number AS chat FROM chats FORCE INDEX (PRIMARY) WHERE ${here} AND (token, number) IN (${chats.join()})`,
    );
  }
  return statements;
}

function ownerOf(event: Event): Owner | undefined {
  if (event.type === 'application') return undefined;
  return event.type === 'chat' ? { token: event.token } : { token: event.token, chat: event.chat };
}

function createdBy(event: Event): string | undefined {
  if (event.type === 'messages') return undefined;
  return keyOf(event.type === 'application' ? { token: event.token } : { token: event.token, chat: event.number });
}

function keyOf({ token, chat }: Owner): string {
  return chat === undefined ? token : `${token}:${chat}`;
}
