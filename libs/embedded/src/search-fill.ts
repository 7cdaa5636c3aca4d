import type { Database } from 'bun:sqlite';
import { NUMBER_BITS } from './database.ts';
import type { SearchBacklog } from './search-backlog.ts';
import type { Searchable, SearchTables } from './search-tables.ts';

/** The limits of a step, in messages and UTF-16 units of their contents. Requests wait during a step. */
const STEP_MESSAGES = 200;
const STEP_LENGTH = 100_000;
/** The minimum pause after a step. A pause is as long as the step before it, so requests get half of the time. */
const REST_MS_MIN = 5;
const RETRY_MS = 1_000;

export interface FillProgress {
  /** Messages that this process has added to the new search table. */
  readonly documents: number;
  readonly running: boolean;
}

/**
 * Fills a search table of a new version with the stored messages (not the deleted ones), in small steps between requests. After a stop the
 * next start continues. The start after the last step deletes the former table.
 */
export class SearchFill {
  readonly #database: Database;
  readonly #tables: SearchTables;
  readonly #backlog: SearchBacklog;
  readonly #onProgress: (progress: FillProgress) => void;
  readonly #readNext;
  #timer: Timer | undefined;
  #documents = 0;

  constructor(
    database: Database,
    tables: SearchTables,
    backlog: SearchBacklog,
    onProgress: (progress: FillProgress) => void = () => {},
  ) {
    this.#database = database;
    this.#tables = tables;
    this.#backlog = backlog;
    this.#onProgress = onProgress;
    this.#readNext = database.query<Searchable, [number, number, number]>(
      `SELECT id >> ${NUMBER_BITS} AS chatId, id & ${2 ** NUMBER_BITS - 1} AS number, content FROM messages
       WHERE id > (?1 << ${NUMBER_BITS}) + ?2 AND deleted_at IS NULL ORDER BY id LIMIT ?3`,
    );
  }

  start(): void {
    this.#wait(REST_MS_MIN);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #wait(milliseconds: number): void {
    this.#timer = setTimeout(() => this.#run(), milliseconds);
    this.#timer.unref();
  }

  #run(): void {
    const begun = performance.now();
    try {
      if (!this.#step()) return;
      this.#wait(Math.max(REST_MS_MIN, performance.now() - begun));
    } catch {
      this.#wait(RETRY_MS); // most likely the disk is full: then creates fail with that error
    }
  }

  /** Adds the next messages to the new table; returns whether there may be more. */
  #step(): boolean {
    const { filled } = this.#tables;
    if (filled === undefined) return false;
    this.#backlog.flush(); // or a message that waits would be added by both
    this.#database.transaction(() => {
      const messages = this.#next(filled.chatId, filled.number);
      this.#tables.fill(messages, messages.length === 0);
      this.#documents += messages.length;
    })();
    this.#tables.reload();
    this.#onProgress({ documents: this.#documents, running: this.#tables.filled !== undefined });
    return true;
  }

  #next(chatId: number, number: number): Searchable[] {
    const messages: Searchable[] = [];
    let length = 0;
    for (const message of this.#readNext.iterate(chatId, number, STEP_MESSAGES)) {
      messages.push(message);
      length += message.content.length;
      if (length >= STEP_LENGTH) break;
    }
    return messages;
  }
}
