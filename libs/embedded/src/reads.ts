import type { Database } from 'bun:sqlite';
import {
  BeyondLastMessage,
  Gone,
  type Page,
  type PageRequest,
  type ReadMark,
  readRecord,
  type StoredReads,
  type Token,
} from '@parley/domain';
import { guarded, NUMBER_BITS, NUMBER_MASK } from './database.ts';
import type { EmbeddedFeed } from './feed.ts';
import type { Owners } from './owners.ts';
import { readPage } from './page.ts';
import type { Writing } from './writing.ts';

interface Mark {
  readonly token: Token;
  readonly chat: number;
  readonly userId: string;
  readonly number: number;
}

type Outcome = ReadMark | undefined | Gone | BeyondLastMessage;
type Waiting = Mark & PromiseWithResolvers<ReadMark | undefined>;

/** Above every id of a user: a page that is read downwards starts here by default. */
const BEYOND_USERS = '\x7f';

/** How far users have read. The marks of one turn of the event loop share a transaction and an entry in the feed. */
export class ReadMarks {
  readonly #statements;
  readonly #record;
  #waiting: Waiting[] = [];

  constructor(
    database: Database,
    private readonly owners: Owners,
    private readonly feed: EmbeddedFeed,
    private readonly writing: Writing,
    private readonly now: () => number,
  ) {
    this.#statements = prepare(database);
    this.#record = database.transaction((marks: readonly Mark[]) => this.#recordAll(marks));
  }

  mark(mark: Mark): Promise<ReadMark | undefined> {
    const waiting = { ...mark, ...Promise.withResolvers<ReadMark | undefined>() };
    if (this.#waiting.length === 0) setImmediate(() => void this.#flush());
    this.#waiting.push(waiting);
    return waiting.promise;
  }

  page(token: Token, chat: number, page: PageRequest<string>): Promise<Page<ReadMark, string>> {
    const { marksAfter, marksBefore } = this.#statements;
    return guarded(() => {
      if (this.owners.chat(token, chat) === undefined) return { rows: [], more: false };
      const found = readPage(page, {
        upwards: (after, limit) => marksAfter.all(token, chat, after ?? '', limit),
        downwards: (before, limit) => marksBefore.all(token, chat, before ?? BEYOND_USERS, limit),
        keyOf: ({ userId }) => userId,
      });
      const rows = found.rows.map(({ userId, number, updatedAt }) => ({ userId, number, updatedAt }));
      return { ...found, rows };
    });
  }

  async #flush(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    try {
      const outcomes = await this.writing.run(() => this.#record.immediate(waiting));
      for (const [index, { resolve, reject }] of waiting.entries()) {
        const outcome = outcomes[index];
        if (outcome instanceof Error) reject(outcome);
        else resolve(outcome);
      }
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }

  #recordAll(marks: readonly Mark[]): Outcome[] {
    const raised: StoredReads[number][] = [];
    const outcomes = marks.map((mark): Outcome => {
      const { token, chat, userId, number } = mark;
      const refusal = this.#refusal(mark);
      if (refusal !== 'none') return refusal;
      const { changes } = this.#statements.raise.run(token, chat, userId, number, this.now());
      if (changes > 0) raised.push([token, chat, userId, number]);
      const row = this.#statements.mark.get(token, chat, userId);
      return row === null ? undefined : { userId, number: row.number, updatedAt: row.updatedAt };
    });
    if (raised.length > 0) this.feed.add(readRecord(raised));
    return outcomes;
  }

  /** Why a mark cannot be recorded: undefined if there is no such chat. */
  #refusal({ token, chat, number }: Mark): undefined | Gone | BeyondLastMessage | 'none' {
    const owner = this.owners.chat(token, chat);
    if (owner === undefined) {
      return this.owners.hasApplication(token) && this.owners.isDeleted({ token, chat }) ? new Gone('chat') : undefined;
    }
    const highest = this.#statements.highest.get(owner.id)?.highest ?? 0;
    return number > Math.max(highest, owner.purgedThrough) ? new BeyondLastMessage() : 'none';
  }
}

interface MarkRow extends ReadMark {
  readonly deletedAt: null;
}

function prepare(database: Database) {
  const columns = 'user_id AS userId, number, updated_at AS updatedAt, NULL AS deletedAt';
  return {
    marksAfter: database.query<MarkRow, [Token, number, string, number]>(
      `SELECT ${columns} FROM reads WHERE token = ? AND chat = ? AND user_id > ? ORDER BY user_id LIMIT ?`,
    ),
    marksBefore: database.query<MarkRow, [Token, number, string, number]>(
      `SELECT ${columns} FROM reads WHERE token = ? AND chat = ? AND user_id < ? ORDER BY user_id DESC LIMIT ?`,
    ),
    mark: database.query<MarkRow, [Token, number, string]>(
      `SELECT ${columns} FROM reads WHERE token = ? AND chat = ? AND user_id = ?`,
    ),
    raise: database.query<unknown, [Token, number, string, number, number]>(
      `INSERT INTO reads (token, chat, user_id, number, updated_at) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (token, chat, user_id) DO UPDATE SET number = excluded.number,
         updated_at = max(updated_at, excluded.updated_at) WHERE excluded.number > number`,
    ),
    highest: database.query<{ highest: number }, [number]>(
      `SELECT coalesce(max(id) & ${NUMBER_MASK}, 0) AS highest FROM messages
       WHERE id > ?1 << ${NUMBER_BITS} AND id <= (?1 << ${NUMBER_BITS}) + ${NUMBER_MASK}`,
    ),
  };
}
