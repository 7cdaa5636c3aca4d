import type { Database } from 'bun:sqlite';
import {
  type ChangeRecord,
  changesOf,
  type Feed,
  type FeedEntry,
  type FeedHead,
  type FeedPage,
  type FeedWindow,
} from '@parley/domain';
import { guarded } from './database.ts';

const PARTITION = 0;
/** What a row takes besides its text: its key, its time and what SQLite adds, in bytes. */
const ROW_BYTES = 32;
/** The most rows that one transaction removes. */
const PRUNED_MAX = 1_000;

/**
 * The feed: a row for each transaction that changed something, written in that transaction. So a transaction that is
 * rolled back leaves no row, and the rows' numbers have no gap.
 */
export class EmbeddedFeed implements Feed {
  readonly #statements;
  readonly #prune;
  readonly #read;

  constructor(
    database: Database,
    private readonly now: () => number,
  ) {
    const statements = prepare(database);
    this.#statements = statements;
    this.#read = database.transaction((after: number, limit: number) => {
      return { head: this.#head(), rows: statements.rows.all(after, limit) };
    });
    this.#prune = database.transaction((window: FeedWindow) => {
      const { seq, low } = this.#head();
      const through = statements.outside.get(low, this.now() - window.ms, window.bytes)?.through ?? low;
      if (through <= low) return 0;
      statements.raiseLow.run(through);
      statements.remove.run(Math.min(through, seq - 1));
      return through - low;
    });
  }

  /** Writes the entry of a transaction. Call it in that transaction, as its last write. */
  add(record: ChangeRecord): void {
    const text = JSON.stringify(record);
    this.#statements.insert.run(this.now(), text, text.length + ROW_BYTES);
  }

  heads(): Promise<readonly FeedHead[]> {
    return guarded(() => [this.#head()]);
  }

  read(_partition: number, after: number, limit: number): Promise<FeedPage> {
    return guarded(() => {
      const { head, rows } = this.#read(after, limit);
      return { ...head, entries: rows.map(entryOf) };
    });
  }

  /**
   * Removes the oldest entries that are outside the window, in one small transaction. Returns how many. The inbox must
   * have them (see Activity).
   */
  prune(window: FeedWindow): Promise<number> {
    return guarded(() => this.#prune.immediate(window));
  }

  #head(): FeedHead {
    const { seq, low } = this.#statements.head.get() ?? { seq: 0, low: 0 };
    return { partition: PARTITION, seq, low };
  }
}

interface FeedRow {
  readonly seq: number;
  readonly at: number;
  readonly record: string;
}

function entryOf({ seq, at, record }: FeedRow): FeedEntry {
  return { seq, at, changes: changesOf(JSON.parse(record) as ChangeRecord) };
}

function prepare(database: Database) {
  const last = 'SELECT bytes FROM feed ORDER BY seq DESC LIMIT 1';
  return {
    /** SQLite gives the row the key after the last one's, which is never removed. */
    insert: database.query<unknown, [number, string, number]>(
      `INSERT INTO feed (at, record, bytes) VALUES (?, ?, coalesce((${last}), 0) + ?)`,
    ),
    head: database.query<{ seq: number; low: number }, []>(
      'SELECT coalesce((SELECT max(seq) FROM feed), 0) AS seq, low FROM feed_state',
    ),
    rows: database.query<FeedRow, [number, number]>(
      'SELECT seq, at, record FROM feed WHERE seq > max(?, (SELECT low FROM feed_state)) ORDER BY seq LIMIT ?',
    ),
    /** The last of the next rows, from the oldest on, that are too old or too much. */
    outside: database.query<{ through: number | null }, [number, number, number]>(
      `SELECT max(seq) AS through FROM (SELECT seq, at, bytes FROM feed WHERE seq > ? ORDER BY seq LIMIT ${PRUNED_MAX})
       WHERE at < ? OR bytes <= (${last}) - ?`,
    ),
    raiseLow: database.query<unknown, [number]>('UPDATE feed_state SET low = ?'),
    remove: database.query<unknown, [number]>('DELETE FROM feed WHERE seq <= ?'),
  };
}
