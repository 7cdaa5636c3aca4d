import type { Database } from 'bun:sqlite';
import {
  type ChangeRecord,
  type Expired,
  PURGE_ROWS_MAX,
  type Purge,
  type PurgeTask,
  purgeRecord,
  type Retained,
  type Token,
} from '@parley/domain';
import type { Activity } from './activity.ts';
import { guarded, MESSAGE_ID, NUMBER_BITS, NUMBER_MASK } from './database.ts';
import type { EmbeddedFeed } from './feed.ts';
import type { Owners } from './owners.ts';
import type { SearchBacklog } from './search-backlog.ts';
import type { Searchable, SearchTables } from './search-tables.ts';

const PARTITION = 0;
/**
 * The limits of a step, in rows and UTF-16 units of contents: requests wait during a step. To remove a text from the
 * search table takes 1 ms for a thousand units, if it does not repeat itself.
 */
const STEP_ROWS = 250;
const STEP_LENGTH = 20_000;
/** How many messages one call of `expire` looks at: those of long texts take 10 µs each. */
const EXPIRE_ROWS_MAX = 2_000;
const DAY_MS = 24 * 60 * 60 * 1_000;

interface Step {
  rows: number;
  length: number;
  /** The records of the messages that were removed, one for each chat. */
  readonly records: ChangeRecord[];
}

/** Removes rows in small transactions: first the entries of the search tables, which need the contents, then the rows. */
export class EmbeddedPurge implements Purge {
  readonly #statements;
  readonly #step;
  readonly #expire;

  constructor(
    database: Database,
    private readonly owners: Owners,
    private readonly search: SearchTables,
    private readonly backlog: SearchBacklog,
    private readonly feed: EmbeddedFeed,
    private readonly activity: Activity,
    private readonly now: () => number,
  ) {
    this.#statements = prepare(database);
    this.#step = database.transaction((task: PurgeTask) => this.#removeSome(task));
    this.#expire = database.transaction((token: Token, before: number, after: number, limit: number) =>
      this.#hide(token, before, after, limit),
    );
  }

  next(): Promise<PurgeTask | undefined> {
    return guarded(() => this.#statements.tasks.all(1).map(toTask)[0]);
  }

  latest(_partition: number, limit: number): Promise<readonly PurgeTask[]> {
    return guarded(() => this.#statements.latest.all(limit).map(toTask));
  }

  step(task: PurgeTask): Promise<number> {
    return guarded(() => {
      this.backlog.flush();
      return this.#step.immediate(task);
    });
  }

  waiting(): Promise<{ readonly tasks: number; readonly oldestAt?: number | undefined }> {
    return guarded(() => {
      const { tasks, oldestAt } = this.#statements.waiting.get() ?? { tasks: 0, oldestAt: null };
      return { tasks, oldestAt: oldestAt ?? undefined };
    });
  }

  retained(_partition: number, after: Token | undefined, limit: number): Promise<readonly Retained[]> {
    return guarded(() => this.#statements.retained.all(after ?? '', limit));
  }

  async expire(token: Token, before: number, _seq: number, after: number, limit: number): Promise<Expired> {
    const expired = await guarded(() => this.#expire.immediate(token, before, after, limit));
    if (expired.chats > 0) this.owners.forget();
    return expired;
  }

  #removeSome({ owner: { token, chat = 0 }, through }: PurgeTask): number {
    const task = this.#statements.task.get(token, chat);
    // A chat that was deleted since has another task: for all of its messages.
    if (task === null || (task.through === null) !== (through === undefined)) return 0;
    const step: Step = { rows: 0, length: 0, records: [] };
    if (chat === 0) this.#removeChats(token, step);
    else {
      const row = this.#statements.chat.get(token, chat);
      if (row !== null) this.#removeMessages(token, chat, row.id, task.through, step);
      if (task.through === null && hasRoom(step)) this.#removeReads(token, chat, step);
    }
    if (step.rows === 0) this.#statements.endTask.run(token, chat);
    else this.feed.add(joined(step.records));
    return step.rows;
  }

  /** Removes what is below an application: chat by chat, then its idempotency keys. */
  #removeChats(token: Token, step: Step): void {
    const { firstChat, removeChat, removeKeys } = this.#statements;
    for (let chat = firstChat.get(token); chat !== null && hasRoom(step); chat = firstChat.get(token)) {
      if (this.#removeMessages(token, chat.number, chat.id, null, step)) continue;
      if (this.#removeReads(token, chat.number, step)) continue;
      removeChat.run(chat.id);
      step.rows += 1;
    }
    if (hasRoom(step)) step.rows += removeKeys.run(token, STEP_ROWS - step.rows).changes;
  }

  /** Removes the next messages of a chat, up to `through` (null: all). Returns false if there are none. */
  #removeMessages(token: Token, chat: number, chatId: number, through: number | null, step: Step): boolean {
    const { messages, removeMessages, uncount } = this.#statements;
    const numbers: number[] = [];
    let living = 0;
    for (const message of messages.all(chatId, through ?? NUMBER_MASK, STEP_ROWS - step.rows)) {
      if (numbers.length > 0 && step.length >= STEP_LENGTH) break;
      if (message.deletedAt === null) {
        this.search.remove({ chatId, number: message.number }, message.content);
        living += 1;
      }
      numbers.push(message.number);
      step.length += message.content.length;
    }
    const last = numbers.at(-1);
    if (last === undefined) return false;
    removeMessages.run(chatId, last);
    if (through !== null) uncount.run(living, chatId);
    step.rows += numbers.length;
    step.records.push(purgeRecord(token, chat, numbers));
    return true;
  }

  #removeReads(token: Token, chat: number, step: Step): boolean {
    const { changes } = this.#statements.removeReads.run(token, chat, STEP_ROWS - step.rows);
    step.rows += changes;
    return changes > 0;
  }

  #hide(token: Token, before: number, after: number, limit: number): Expired {
    const { chats, hide, addTask, keeps } = this.#statements;
    if (!this.owners.hasApplication(token)) return { chats: 0 };
    // Since the caller looked, it may keep its messages longer.
    const days = keeps.get(token)?.days ?? null;
    if (days === null || days * DAY_MS > this.now() - before) return { chats: 0 };
    let left = EXPIRE_ROWS_MAX;
    let hidden = 0;
    const found = chats.all(token, after, limit);
    for (const chat of found) {
      const { through, seen } = this.#old(chat, before, left);
      if (through !== undefined) {
        hide.run(through, chat.id);
        addTask.run(token, chat.number, through, this.now());
        this.activity.refresh(chat.id);
        hidden += 1;
      }
      left -= seen;
      if (left <= 0) return { chats: hidden, next: chat.number - 1 };
    }
    return { chats: hidden, next: found.length < limit ? undefined : found.at(-1)?.number };
  }

  /** The last of a chat's first messages that are old. It looks at `limit` numbers at most, from the first message on. */
  #old({ id, purgedThrough }: RetainedChat, before: number, limit: number): { through?: number; seen: number } {
    const { firstAfter, firstLater, lastBefore } = this.#statements;
    const first = firstAfter.get(id, purgedThrough)?.number;
    if (first === undefined) return { seen: 0 };
    const later = firstLater.get(id, first, first + limit - 1, before)?.number;
    if (later === first) return { seen: 1 };
    const end = later ?? first + limit;
    return { through: lastBefore.get(id, end)?.number ?? first, seen: later === undefined ? limit : end - first };
  }
}

interface TaskRow {
  readonly token: Token;
  readonly chat: number;
  readonly through: number | null;
  readonly since: number;
}

function toTask({ token, chat, through, since }: TaskRow): PurgeTask {
  const owner = chat === 0 ? { token } : { token, chat };
  return { partition: PARTITION, owner, through: through ?? undefined, since };
}

interface RetainedChat {
  readonly id: number;
  readonly number: number;
  readonly purgedThrough: number;
}

function hasRoom({ rows, length }: Step): boolean {
  return rows < Math.min(STEP_ROWS, PURGE_ROWS_MAX) && length < STEP_LENGTH;
}

/** One record of several chats of one application. */
function joined(records: readonly ChangeRecord[]): ChangeRecord {
  const messages = records.flatMap((record) => record.messages);
  const token = messages[0]?.[0];
  const ranges = messages.flatMap(([, ranges]) => ranges);
  return {
    kind: 'purged',
    messages: token === undefined ? [] : [[token, ranges]],
    chats: [],
    documents: records.reduce((sum, { documents }) => sum + documents, 0),
  };
}

function prepare(database: Database) {
  const number = `id & ${NUMBER_MASK} AS number`;
  return {
    tasks: database.query<TaskRow, [number]>(
      'SELECT token, chat, through, created_at AS since FROM purges ORDER BY created_at LIMIT ?',
    ),
    latest: database.query<TaskRow, [number]>(
      'SELECT token, chat, through, created_at AS since FROM purges ORDER BY created_at DESC LIMIT ?',
    ),
    task: database.query<{ through: number | null }, [Token, number]>(
      'SELECT through FROM purges WHERE token = ? AND chat = ?',
    ),
    endTask: database.query<unknown, [Token, number]>('DELETE FROM purges WHERE token = ? AND chat = ?'),
    waiting: database.query<{ tasks: number; oldestAt: number | null }, []>(
      'SELECT count(*) AS tasks, min(created_at) AS oldestAt FROM purges',
    ),
    retained: database.query<Retained, [string, number]>(
      `SELECT token, retention_days AS days FROM applications WHERE retention_days IS NOT NULL AND token > ?
       ORDER BY token LIMIT ?`,
    ),
    keeps: database.query<{ days: number | null }, [Token]>(
      'SELECT retention_days AS days FROM applications WHERE token = ?',
    ),
    chat: database.query<{ id: number }, [Token, number]>('SELECT id FROM chats WHERE token = ? AND number = ?'),
    firstChat: database.query<{ id: number; number: number }, [Token]>(
      'SELECT id, number FROM chats WHERE token = ? ORDER BY number LIMIT 1',
    ),
    removeChat: database.query<unknown, [number]>('DELETE FROM chats WHERE id = ?'),
    messages: database.query<Omit<Searchable, 'chatId'> & { deletedAt: number | null }, [number, number, number]>(
      `SELECT ${number}, content, deleted_at AS deletedAt FROM messages
       WHERE id > ?1 << ${NUMBER_BITS} AND id <= ${MESSAGE_ID} ORDER BY id LIMIT ?3`,
    ),
    removeMessages: database.query<unknown, [number, number]>(
      `DELETE FROM messages WHERE id > ?1 << ${NUMBER_BITS} AND id <= ${MESSAGE_ID}`,
    ),
    uncount: database.query<unknown, [number, number]>(
      'UPDATE chats SET messages_count = messages_count - ? WHERE id = ?',
    ),
    removeReads: database.query<unknown, [Token, number, number]>(
      `DELETE FROM reads WHERE rowid IN (SELECT rowid FROM reads WHERE token = ? AND chat = ? LIMIT ?)`,
    ),
    removeKeys: database.query<unknown, [Token, number]>(
      'DELETE FROM idempotency WHERE rowid IN (SELECT rowid FROM idempotency WHERE scope = ? LIMIT ?)',
    ),
    chats: database.query<RetainedChat, [Token, number, number]>(
      `SELECT id, number, purged_through AS purgedThrough FROM chats
       WHERE token = ? AND number > ? AND deleted_at IS NULL ORDER BY number LIMIT ?`,
    ),
    firstAfter: database.query<{ number: number }, [number, number]>(
      `SELECT ${number} FROM messages WHERE id > ${MESSAGE_ID} AND id <= (?1 << ${NUMBER_BITS}) + ${NUMBER_MASK}
       ORDER BY id LIMIT 1`,
    ),
    firstLater: database.query<{ number: number }, [number, number, number, number]>(
      `SELECT ${number} FROM messages WHERE id BETWEEN ${MESSAGE_ID} AND (?1 << ${NUMBER_BITS}) + ?3
         AND coalesce(accepted_at, created_at) >= ?4 ORDER BY id LIMIT 1`,
    ),
    lastBefore: database.query<{ number: number }, [number, number]>(
      `SELECT ${number} FROM messages WHERE id < ${MESSAGE_ID} AND id > ?1 << ${NUMBER_BITS} ORDER BY id DESC LIMIT 1`,
    ),
    hide: database.query<unknown, [number, number]>('UPDATE chats SET purged_through = ? WHERE id = ?'),
    addTask: database.query<unknown, [Token, number, number, number]>(
      `INSERT INTO purges (token, chat, through, created_at) VALUES (?, ?, ?, ?)
       ON CONFLICT (token, chat) DO UPDATE SET through = iif(through IS NULL, NULL, excluded.through)`,
    ),
  };
}
