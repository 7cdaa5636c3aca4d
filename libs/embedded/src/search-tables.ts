/**
 * The FTS5 tables (SQLite's full-text index) for searches: of the present version, and of the earlier one until the new
 * table is filled. A table has the trigrams (sequences of three characters) of each text without their positions. So
 * each candidate's text must be checked, but the table is nearly half as large and costs half to write.
 */
import type { Database } from 'bun:sqlite';
import { foldText, foldTextV1, parseQuery, parseQueryV1, type SearchQuery } from '@parley/domain';
import { MESSAGE_ID } from './database.ts';

export interface SearchTable {
  readonly name: string;
  fold(text: string): string;
  parse(query: string): SearchQuery;
}

export const SEARCH_TABLES = {
  2: { name: 'messages_search_2', fold: foldText, parse: parseQuery },
  1: { name: 'messages_search_1', fold: foldTextV1, parse: parseQueryV1 },
} as const satisfies Record<number, SearchTable>;
export type SearchVersion = keyof typeof SEARCH_TABLES;

/** A message's chat and number: by these, in this order, the search tables are sorted. */
export interface Place {
  readonly chatId: number;
  readonly number: number;
}

export interface Searchable extends Place {
  readonly content: string;
}

/**
 * Writes the search tables. New messages reach them by SearchBacklog, a little later than their rows. While the new table
 * is being filled, it has exactly the messages up to `filled`. Later ones are added when the fill gets there.
 */
export class SearchTables {
  readonly #current;
  #former: ReturnType<typeof formerStatements> | undefined;
  #filled: Place | undefined;

  constructor(database: Database) {
    this.#current = currentStatements(database);
    this.#filled = this.#current.readFill.get() ?? undefined;
    if (this.#filled !== undefined) this.#former = formerStatements(database);
    // The former table is dropped at a start, not when the fill ends: dropping a gigabyte blocks the server for a
    // moment.
    else database.run(`DROP TABLE IF EXISTS ${SEARCH_TABLES[1].name}`);
  }

  /** The version of the table to search: the one that has all messages. */
  get searched(): SearchVersion {
    return this.#filled === undefined ? 2 : 1;
  }

  /** The last message that the fill has added to the new table; undefined if the table is complete. */
  get filled(): Place | undefined {
    return this.#filled;
  }

  /** Adds new messages. Sorts them in place: FTS5 flushes its buffer whenever an id is lower than the one before. */
  insert(messages: Searchable[]): void {
    messages.sort(byPlace);
    for (const { chatId, number, content } of messages) {
      if (this.#has({ chatId, number })) this.#current.insert.run(chatId, number, bordered(foldText(content)));
      this.#former?.insert.run(chatId, number, bordered(foldTextV1(content)));
    }
  }

  /** Replaces a message's text. No page of the table keeps what was there. */
  rewrite(place: Place, before: string, after: string): void {
    this.erase(place, before);
    this.insert([{ ...place, content: after }]);
  }

  /**
   * Removes a message, so that no page of the table keeps its trigrams. Slow: 20 µs for each trigram or more. `content`
   * must be the text that was inserted: the table has no copy of it.
   */
  erase(place: Place, content: string): void {
    this.#current.secure.run(1);
    this.remove(place, content);
    this.#current.flush.run();
    this.#current.secure.run(0); // inserts are slower while it is on
  }

  /** Removes a message quickly. Its trigrams, without the order of its text, stay in the table's older pages for a while. */
  remove({ chatId, number }: Place, content: string): void {
    if (this.#has({ chatId, number })) this.#current.remove.run(chatId, number, bordered(foldText(content)));
    this.#former?.remove.run(chatId, number);
  }

  /** Adds messages that follow `filled`, in order. `complete`: no more follow. Call it in a transaction. */
  fill(messages: readonly Searchable[], complete: boolean): void {
    for (const { chatId, number, content } of messages)
      this.#current.insert.run(chatId, number, bordered(foldText(content)));
    const last = messages.at(-1);
    if (last !== undefined) this.#current.noteFill.run(last.chatId, last.number);
    if (complete) this.#current.endFill.run();
  }

  /** Reads again how far the fill is, and closes the former table if it is complete. Call it after `fill`'s commit. */
  reload(): void {
    this.#filled = this.#current.readFill.get() ?? undefined;
    if (this.#filled !== undefined) return;
    for (const statement of Object.values(this.#former ?? {})) statement.finalize();
    this.#former = undefined;
  }

  #has(place: Place): boolean {
    return this.#filled === undefined || byPlace(place, this.#filled) <= 0;
  }
}

/** A text as it is stored in the table: with a space at both ends, so that ` word ` is a whole word. */
function bordered(folded: string): string {
  return ` ${folded} `;
}

function byPlace(a: Place, b: Place): number {
  return a.chatId - b.chatId || a.number - b.number;
}

type Row = [chatId: number, number: number, folded: string];

function currentStatements(database: Database) {
  const { name } = SEARCH_TABLES[2];
  return {
    insert: database.query<unknown, Row>(`INSERT INTO ${name} (rowid, folded) VALUES (${MESSAGE_ID}, ?3)`),
    remove: database.query<unknown, Row>(
      `INSERT INTO ${name} (${name}, rowid, folded) VALUES ('delete', ${MESSAGE_ID}, ?3)`,
    ),
    secure: database.query<unknown, [0 | 1]>(`INSERT INTO ${name} (${name}, rank) VALUES ('secure-delete', ?)`),
    flush: database.query<unknown, []>(`INSERT INTO ${name} (${name}) VALUES ('flush')`),
    readFill: database.query<Place, []>('SELECT chat_id AS chatId, number FROM search_fill_place'),
    noteFill: database.query<unknown, [number, number]>('UPDATE search_fill_place SET chat_id = ?, number = ?'),
    endFill: database.query<unknown, []>('DELETE FROM search_fill_place'),
  };
}

function formerStatements(database: Database) {
  const { name } = SEARCH_TABLES[1];
  return {
    insert: database.query<unknown, Row>(`INSERT INTO ${name} (rowid, folded) VALUES (${MESSAGE_ID}, ?3)`),
    remove: database.query<unknown, [number, number]>(`DELETE FROM ${name} WHERE rowid = ${MESSAGE_ID}`),
  };
}
