import type { Database } from 'bun:sqlite';
import { type ChangeRecord, rangesOf } from '@parley/domain';
import { MESSAGE_ID, NUMBER_BITS, NUMBER_MASK } from './database.ts';
import type { Owners } from './owners.ts';

/** How many entries of the feed are read in one transaction. */
const ENTRIES_MAX = 500;

/**
 * The place of each chat in the inbox: `last_number` and `active_at`. New messages reach them by the entries of the feed,
 * a little later: to write the chat and its index with every batch would make creates slower. `activity` of `feed_state`
 * says how far that is, so it goes on after a crash.
 */
export class Activity {
  readonly #statements;
  readonly #advance;

  constructor(
    database: Database,
    private readonly owners: Owners,
  ) {
    this.#statements = prepare(database);
    this.#advance = database.transaction(() => this.#advanceSome());
  }

  /** Brings all that is committed into the inbox. Costs one read if there is nothing new. */
  catchUp(): void {
    while (this.#statements.isBehind.get()?.behind === 1) this.#advance.immediate();
  }

  /**
   * Finds a chat's last message anew if it was this one, below it. Call it in the transaction that deletes a message. A
   * later one that is not in the inbox yet will reach it by its entry.
   */
  deleted(chatId: number, number: number): void {
    this.#statements.below.run(chatId, number);
  }

  /** Finds a chat's last message anew. Call it in the transaction that hides messages. */
  refresh(chatId: number): void {
    this.#statements.refresh.run(chatId);
  }

  #advanceSome(): void {
    const { next, advanced } = this.#statements;
    const entries = next.all(ENTRIES_MAX);
    const chats = new Set<number>();
    for (const { record } of entries) {
      const { kind, messages } = JSON.parse(record) as ChangeRecord;
      if (kind !== 'created') continue;
      for (const { token, chat } of rangesOf(messages)) {
        const id = this.owners.chat(token, chat)?.id;
        if (id !== undefined) chats.add(id);
      }
    }
    for (const id of chats) this.refresh(id);
    const last = entries.at(-1);
    if (last !== undefined) advanced.run(last.seq);
  }
}

function prepare(database: Database) {
  return {
    isBehind: database.query<{ behind: 0 | 1 }, []>(
      'SELECT activity < coalesce((SELECT max(seq) FROM feed), 0) AS behind FROM feed_state',
    ),
    next: database.query<{ seq: number; record: string }, [number]>(
      'SELECT seq, record FROM feed WHERE seq > (SELECT activity FROM feed_state) ORDER BY seq LIMIT ?',
    ),
    advanced: database.query<unknown, [number]>('UPDATE feed_state SET activity = ?'),
    refresh: database.query<unknown, [number]>(
      `${lastOf(`id <= (?1 << ${NUMBER_BITS}) + ${NUMBER_MASK}`)} WHERE id = ?1 AND deleted_at IS NULL`,
    ),
    below: database.query<unknown, [number, number]>(
      `${lastOf(`id < ${MESSAGE_ID}`)} WHERE id = ?1 AND last_number = ?2 AND deleted_at IS NULL`,
    ),
  };
}

/** Sets a chat's last message: the last one with `condition` that is neither deleted nor hidden. */
function lastOf(condition: string): string {
  return `UPDATE chats SET (last_number, active_at) = (
    SELECT coalesce(max(number), 0), coalesce(max(at), chats.created_at) FROM (
      SELECT id & ${NUMBER_MASK} AS number, coalesce(accepted_at, created_at) AS at FROM messages
      WHERE id > (?1 << ${NUMBER_BITS}) + chats.purged_through AND ${condition} AND deleted_at IS NULL
      ORDER BY id DESC LIMIT 1))`;
}
