import type { Database } from 'bun:sqlite';
import { type ChangeRecord, rangesOf } from '@parley/domain';
import { NUMBER_BITS, NUMBER_MASK } from './database.ts';
import type { Searchable, SearchTables } from './search-tables.ts';

/** As many messages, or UTF-16 units of their contents, are written soon. Requests wait while they are. */
const MESSAGES_MAX = 500;
const LENGTH_MAX = 100_000;
/** If writing fails until this many times as much waits, creates are refused. */
const OVERFULL = 10;
/** How many entries of the feed are read at once after a start. */
const ENTRIES_MAX = 500;

/**
 * New messages that are not in the search tables yet. FTS5 writes a segment for each transaction and merges segments
 * later: five hundred messages at once cost a third of what they cost in the small transactions of the creates.
 *
 * Whoever reads or changes what is in the tables calls `flush` first. `indexed` of `feed_state` says which entries of the
 * feed have their messages in the tables, so what a crash leaves is added after the start.
 */
export class SearchBacklog {
  readonly #statements;
  readonly #write;
  readonly #catchUp;
  #waiting: Searchable[] = [];
  #length = 0;
  /** Whether there may be messages that are neither in the tables nor in `#waiting`. */
  #isBehind = true;
  #soon: NodeJS.Immediate | undefined;

  constructor(
    database: Database,
    private readonly tables: SearchTables,
  ) {
    this.#statements = prepare(database);
    this.#write = database.transaction((messages: Searchable[]) => {
      this.tables.insert(messages);
      this.#statements.indexedAll.run();
    });
    this.#catchUp = database.transaction(() => this.#readSome());
  }

  /** Adds messages right after their commit. */
  add(messages: readonly Searchable[]): void {
    for (const message of messages) {
      this.#waiting.push(message);
      this.#length += message.content.length;
    }
    if (this.#fullness < 1) return;
    this.#soon ??= setImmediate(() => {
      this.#soon = undefined;
      this.tryFlush();
    });
  }

  /** Throws the database's error if so much waits that no more may come. Call it before messages are stored. */
  makeRoom(): void {
    if (this.#fullness >= OVERFULL) this.flush();
  }

  /**
   * Writes all that waits, in a transaction of its own. Throws the database's error; then all of it still waits. Must not
   * be called in a transaction.
   */
  flush(): void {
    while (this.#isBehind) {
      this.#isBehind = this.#catchUp.immediate();
      this.#drop(); // all that waits is in the feed, too
    }
    if (this.#waiting.length === 0) return;
    this.#write.immediate(this.#waiting);
    this.#drop();
  }

  /** As `flush`, but if it fails, the next one has to do it: most likely the disk is full. */
  tryFlush(): void {
    try {
      this.flush();
    } catch {
      // creates fail with that error
    }
  }

  /** Writes what waits, if that is possible; else the next start does it. Nothing must be added afterwards. */
  stop(): void {
    clearImmediate(this.#soon);
    this.tryFlush();
  }

  get #fullness(): number {
    return Math.max(this.#waiting.length / MESSAGES_MAX, this.#length / LENGTH_MAX);
  }

  #drop(): void {
    this.#waiting = [];
    this.#length = 0;
  }

  /** Adds the messages of the next entries of the feed. Returns whether there may be more. */
  #readSome(): boolean {
    const { next, stored, indexed } = this.#statements;
    const entries = next.all(ENTRIES_MAX);
    const messages: Searchable[] = [];
    for (const { record } of entries) {
      const { kind, messages: ranges } = JSON.parse(record) as ChangeRecord;
      if (kind !== 'created') continue;
      for (const { token, chat, first, last } of rangesOf(ranges))
        messages.push(...stored.all(token, chat, first, last));
    }
    this.tables.insert(messages);
    const last = entries.at(-1);
    if (last !== undefined) indexed.run(last.seq);
    return last !== undefined;
  }
}

function prepare(database: Database) {
  return {
    indexedAll: database.query<unknown, []>(
      'UPDATE feed_state SET indexed = coalesce((SELECT max(seq) FROM feed), indexed)',
    ),
    indexed: database.query<unknown, [number]>('UPDATE feed_state SET indexed = ?'),
    next: database.query<{ seq: number; record: string }, [number]>(
      'SELECT seq, record FROM feed WHERE seq > (SELECT indexed FROM feed_state) ORDER BY seq LIMIT ?',
    ),
    /** Also of deleted chats: the purge takes what it removes from the search tables. */
    stored: database.query<Searchable, [string, number, number, number]>(
      `SELECT c.id AS chatId, m.id & ${NUMBER_MASK} AS number, m.content FROM chats c JOIN messages m
       ON m.id BETWEEN (c.id << ${NUMBER_BITS}) + ?3 AND (c.id << ${NUMBER_BITS}) + ?4
       WHERE c.token = ?1 AND c.number = ?2 AND m.deleted_at IS NULL`,
    ),
  };
}
