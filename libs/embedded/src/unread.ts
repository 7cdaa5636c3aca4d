import type { Database } from 'bun:sqlite';
import { type Token, UNREAD_COUNT_MAX } from '@parley/domain';
import { guarded, MESSAGE_ID, NUMBER_BITS, NUMBER_MASK } from './database.ts';
import type { Owners } from './owners.ts';

/** After so many ms other requests work. */
const TURN_MS = 5;
/** How many messages one statement looks at: those of long texts take 10 µs each. */
const ROWS_AT_ONCE = 500;

interface Slice {
  readonly seen: number;
  readonly unread: number;
  /** The number of the last message; 0 if there is none. */
  readonly last: number;
}

/**
 * Counts what users have not read. A count looks at all later messages if the user has sent them, or they are deleted.
 * So it yields to other requests.
 */
export class Unread {
  readonly #mark;
  readonly #slice;
  /** Ends with the last turn of the event loop that a count waits for. Each turn is for one count. */
  #lastTurn = Promise.resolve();
  #turnEnds = 0;

  constructor(
    database: Database,
    private readonly owners: Owners,
  ) {
    this.#mark = database.query<{ number: number }, [Token, number, string]>(
      'SELECT number FROM reads WHERE token = ? AND chat = ? AND user_id = ?',
    );
    this.#slice = database.query<Slice, [number, number, string, number]>(
      `SELECT count(*) AS seen, coalesce(sum(is_unread), 0) AS unread, coalesce(max(number), 0) AS last FROM (
         SELECT id & ${NUMBER_MASK} AS number, deleted_at IS NULL AND sender_id IS NOT ?3 AS is_unread FROM messages
         WHERE id > ${MESSAGE_ID} AND id <= (?1 << ${NUMBER_BITS}) + ${NUMBER_MASK} ORDER BY id LIMIT ?4)`,
    );
  }

  async counts(token: Token, userId: string, chats: readonly number[]): Promise<readonly number[]> {
    await this.#nextTurn();
    const counts: number[] = [];
    for (const chat of chats) counts.push(await this.#count(token, chat, userId));
    return counts;
  }

  async #count(token: Token, chat: number, userId: string): Promise<number> {
    let after = await guarded(() => this.#mark.get(token, chat, userId)?.number ?? 0);
    let count = 0;
    for (let limit = UNREAD_COUNT_MAX; ; limit = ROWS_AT_ONCE) {
      if (performance.now() > this.#turnEnds) await this.#nextTurn();
      const owner = await guarded(() => this.owners.chat(token, chat));
      if (owner === undefined) return 0;
      const from = Math.max(after, owner.purgedThrough);
      const slice = await guarded(() => this.#slice.get(owner.id, from, userId, limit));
      count += slice?.unread ?? 0;
      if (count >= UNREAD_COUNT_MAX) return UNREAD_COUNT_MAX;
      if (slice === null || slice.seen < limit) return count;
      after = slice.last;
    }
  }

  async #nextTurn(): Promise<void> {
    this.#lastTurn = this.#lastTurn.then(() => new Promise((resolve) => setImmediate(resolve)));
    await this.#lastTurn;
    this.#turnEnds = performance.now() + TURN_MS;
  }
}
