import type { Event, Owner } from '@parley/domain';
import { bytes, integer, tokenOf } from '../literals.ts';
import type { Pool } from '../pool.ts';
import type { Session } from '../session.ts';

const KEYS_PER_STATEMENT = 500;

/** Below a deleted owner no event is stored any more. */
const ALL = Number.POSITIVE_INFINITY;

/** What is to be done with events, as far as their owners are concerned. */
export interface Sifted {
  /** Their owner lives, or is created by an earlier one of them. */
  readonly storable: readonly Event[];
  /** Their owner is neither stored nor created by an earlier one of them. */
  readonly orphans: readonly Event[];
  /** Their application or chat was deleted, or their messages were removed already. */
  readonly discarded: readonly Event[];
}

/**
 * Remembers which owners (applications, chats) of one partition are stored, and up to which number events of each are
 * discarded: 0, the number up to which a chat's messages were removed, or ALL if it was deleted. It never remembers that
 * an owner is missing. After a delete or a removal all are forgotten: the partition's column `deletes` counts these, and
 * every commit checks it. So a look-up needs neither a transaction nor a lock.
 */
export class KnownOwners {
  /** The partition's `deletes` at the last `forget`; remembered owners were found since then. */
  deletes = 0;
  /** By the keys of the owners, the one used last at the end: up to which number events are discarded. */
  readonly #known = new Map<string, number>();
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

  /** Remembers what the events have created. Call it once their transaction is committed, with its `deletes`. */
  addCreated(events: readonly Event[], deletes: number): void {
    if (deletes !== this.deletes) return; // forgotten meanwhile: what they created may be deleted already
    for (const event of events) {
      const created = createdBy(event);
      if (created !== undefined) this.#add(created, 0);
    }
  }

  /** What an event that is not storable creates will not be stored, so it is no owner for later events. */
  async sift(pool: Pool, events: readonly Event[]): Promise<Sifted> {
    const owners = events.map(ownerOf);
    const keys = owners.map((owner) => owner && keyOf(owner));
    const stored = await this.#storedAmong(pool, owners, keys);
    const created = new Set<string>();
    const sifted = { storable: [] as Event[], orphans: [] as Event[], discarded: [] as Event[] };
    for (const [place, event] of events.entries()) {
      const key = keys[place];
      const through = key === undefined || created.has(key) ? 0 : stored.get(key);
      if (through === undefined) sifted.orphans.push(event);
      else if (lastNumber(event) <= through) sifted.discarded.push(event);
      else {
        sifted.storable.push(event);
        const creates = createdBy(event);
        // One that is stored already, perhaps deleted: then this event only repeats its creation.
        if (creates !== undefined && !stored.has(creates)) created.add(creates);
      }
    }
    return sifted;
  }

  #get(key: string): number | undefined {
    const through = this.#known.get(key);
    if (through === undefined) return undefined;
    this.#known.delete(key);
    this.#known.set(key, through);
    return through;
  }

  #add(key: string, through: number): void {
    this.#known.delete(key);
    this.#known.set(key, through);
    if (this.#known.size <= this.#limit) return;
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest);
      return;
    }
  }

  async #storedAmong(
    pool: Pool,
    owners: readonly (Owner | undefined)[],
    keys: readonly (string | undefined)[],
  ): Promise<Map<string, number>> {
    const stored = new Map<string, number>();
    const unknown = new Map<string, Owner>();
    for (const [place, owner] of owners.entries()) {
      const key = keys[place];
      if (owner === undefined || key === undefined || stored.has(key) || unknown.has(key)) continue;
      const through = this.#get(key);
      if (through === undefined) unknown.set(key, owner);
      else stored.set(key, through);
    }
    const { deletes } = this;
    for (const [key, through] of await this.#look(pool, [...unknown.values()])) {
      stored.set(key, through);
      if (deletes === this.deletes) this.#add(key, through);
    }
    return stored;
  }

  #look(pool: Pool, owners: readonly Owner[]): Promise<Map<string, number>> {
    return lookUp(this.#partition, owners, (sql) => pool.useAgain((session) => session.select<OwnerRow>(sql)));
  }
}

/**
 * Locks the owners of storable events until the end of the transaction: none of them can be deleted before that, nor can
 * messages be hidden. Returns false if one was deleted, or messages of the events were hidden, since they were sifted.
 */
export async function lockOwners(session: Session, partition: number, events: readonly Event[]): Promise<boolean> {
  const owners = new Map<string, Owner>();
  for (const event of events) {
    const owner = ownerOf(event);
    if (owner !== undefined) owners.set(keyOf(owner), owner);
  }
  const found = await lookUp(partition, [...owners.values()], (sql) => session.select<OwnerRow>(`${sql} FOR SHARE`));
  return events.every((event) => {
    const owner = ownerOf(event);
    // One that is not found is created by the events themselves.
    return owner === undefined || lastNumber(event) > (found.get(keyOf(owner)) ?? 0);
  });
}

/** Up to which number events of these owners are discarded, by the owners' keys; nothing for those that are not stored. */
async function lookUp(
  partition: number,
  owners: readonly Owner[],
  select: (sql: string) => Promise<readonly OwnerRow[]>,
): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (let from = 0; from < owners.length; from += KEYS_PER_STATEMENT) {
    const some = owners.slice(from, from + KEYS_PER_STATEMENT);
    const gone = new Set<string>();
    for (const sql of ownerStatements(partition, some)) {
      for (const { token, chat, deleted, purged_through } of await select(sql)) {
        const application = { token: tokenOf(token) };
        if (chat === null && deleted === 1) gone.add(application.token);
        found.set(keyOf(chat === null ? application : { ...application, chat }), deleted === 1 ? ALL : purged_through);
      }
    }
    // The row of a chat below a deleted application may be removed already, or still say that the chat lives.
    for (const owner of some) if (gone.has(owner.token)) found.set(keyOf(owner), ALL);
  }
  return found;
}

interface OwnerRow {
  readonly token: Buffer;
  readonly chat: number | null;
  readonly deleted: 0 | 1;
  readonly purged_through: number;
}

/** Look up the owners, and the applications of those that are chats. */
export function ownerStatements(partition: number, owners: readonly Owner[]): string[] {
  if (owners.length === 0) return [];
  const here = `partition_number = ${integer(partition)}`;
  const applications = [...new Set(owners.map(({ token }) => bytes(token)))];
  const chats = owners.flatMap(({ token, chat }) => (chat === undefined ? [] : `(${bytes(token)},${integer(chat)})`));
  const statements = [
    `SELECT token, NULL AS chat, deleted_at IS NOT NULL AS deleted, 0 AS purged_through
     FROM applications FORCE INDEX (PRIMARY) WHERE ${here} AND token IN (${applications.join()})`,
  ];
  if (chats.length > 0) {
    statements.push(
      `SELECT token, number AS chat, deleted_at IS NOT NULL AS deleted, purged_through
       FROM chats FORCE INDEX (PRIMARY) WHERE ${here} AND (token, number) IN (${chats.join()})`,
    );
  }
  return statements;
}

function ownerOf(event: Event): Owner | undefined {
  if (event.type === 'application') return undefined;
  return event.type === 'chat' ? { token: event.token } : { token: event.token, chat: event.chat };
}

/** The last number that the event brings into its owner's list. */
function lastNumber(event: Event): number {
  if (event.type === 'application') return 1;
  return event.type === 'chat' ? event.number : event.first + event.contents.length - 1;
}

function createdBy(event: Event): string | undefined {
  if (event.type === 'messages') return undefined;
  return keyOf(event.type === 'application' ? { token: event.token } : { token: event.token, chat: event.number });
}

function keyOf({ token, chat }: Owner): string {
  return chat === undefined ? token : `${token}:${chat}`;
}
