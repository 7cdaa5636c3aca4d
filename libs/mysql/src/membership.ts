import { randomBytes } from 'node:crypto';
import { checkLevel, LEVEL, OutdatedProgram, seenWithin } from './level.ts';
import { bytes, integer, text } from './literals.ts';
import type { Pool } from './pool.ts';

const BEAT_MS = 1_000;
/** If a worker has not updated its row in `programs` for this time, others index its partitions. */
const SHARED_SECONDS = 5;
/** If no indexing round of a worker has succeeded for this time, others index its partitions. */
const INDEXES_MS = 15_000;

interface Found {
  readonly level: number;
  readonly searchList: number;
  readonly workers: readonly string[];
}

/**
 * This process's row in `programs`, updated every second (a beat). All rows together show each process which partitions
 * it must index, whether it is outdated, and which workers may still write to a search index.
 */
export class Membership {
  readonly #pool: Pool;
  readonly #partitions: number;
  readonly #id = randomBytes(16).toString('hex');
  #name = '';
  #found: Found = { level: 0, searchList: 0, workers: [] };
  /** For each running call of `indexing`, the number of the index list's last change that was known when it began. */
  readonly #rounds = new Set<{ readonly searchList: number }>();
  /** When an indexing round last succeeded, by performance.now(). */
  #indexedAt = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;
  #beating: Promise<void> = Promise.resolve();

  constructor(pool: Pool, partitions: number) {
    this.#pool = pool;
    this.#partitions = partitions;
  }

  /**
   * Starts to update this process's row. Throws OutdatedProgram if newer programs have raised the level, DatabaseFault
   * if the database is unreachable. If the level is raised later, calls `outdated` once: this program must end then.
   */
  async join(name: string, outdated: (error: OutdatedProgram) => void): Promise<void> {
    this.#name = name;
    await this.#beat();
    this.#timer = setInterval(() => {
      this.#beating = this.#beat().catch((error: unknown) => {
        if (!(error instanceof OutdatedProgram)) return; // the database is unreachable: other calls report it
        clearInterval(this.#timer);
        outdated(error);
      });
    }, BEAT_MS);
  }

  async leave(): Promise<void> {
    clearInterval(this.#timer);
    if (this.#timer === undefined) return;
    this.#timer = undefined;
    await this.#beating;
    const sql = `DELETE FROM programs WHERE id = ${bytes(this.#id)}`;
    await this.#pool.useAgain((session) => session.change(sql)).catch(() => {}); // if this fails, the row expires
  }

  /**
   * The partitions that this process must index: its share if it counts as a worker that indexes, else all. So a worker
   * that cannot reach the search index keeps no partition from the others, and counts again after its first success.
   */
  share(): number[] {
    const { workers } = this.#found;
    const all = Array.from(Array(this.#partitions).keys());
    const place = workers.indexOf(this.#id);
    return place < 0 ? all : all.filter((partition) => partition % workers.length === place);
  }

  /**
   * Runs `work`, which reads the list of search indices and writes to them. dropSearchIndex waits until it has ended.
   */
  async indexing<T>(work: () => Promise<T>): Promise<T> {
    const round = { searchList: this.#found.searchList };
    this.#rounds.add(round);
    try {
      const done = await work();
      this.#indexedAt = performance.now();
      return done;
    } finally {
      this.#rounds.delete(round);
    }
  }

  /**
   * Updates this process's row. As `search_list` it reports the number of the index list from the last beat, or the
   * lowest one with which a running `indexing` began: dropSearchIndex waits for it. Later calls read the list again, so
   * none uses an older one.
   */
  async #beat(): Promise<void> {
    const searchList = Math.min(this.#found.searchList, ...[...this.#rounds].map((round) => round.searchList));
    const indexing = performance.now() - this.#indexedAt < INDEXES_MS ? '1' : '0';
    const results = await this.#pool.useAgain((session) =>
      session.send([
        `INSERT INTO programs (id, name, level, search_list, indexing, seen_at)
         VALUES (${bytes(this.#id)}, ${text(this.#name)}, ${LEVEL}, ${integer(searchList)}, ${indexing}, NOW(3)) AS now
         ON DUPLICATE KEY UPDATE search_list = now.search_list, indexing = now.indexing, seen_at = now.seen_at`,
        'SELECT MAX(level) AS level FROM partitions',
        'SELECT search_list AS searchList FROM installation',
        `SELECT LOWER(HEX(id)) AS id FROM programs
         WHERE name = 'worker' AND indexing = 1 AND ${seenWithin(SHARED_SECONDS)} ORDER BY id`,
      ]),
    );
    const [, [levels], [list], workers] = results as [
      unknown,
      { level: number | null }[],
      { searchList: number }[],
      { id: string }[],
    ];
    this.#found = {
      level: levels?.level ?? 0,
      searchList: list?.searchList ?? 0,
      workers: workers.map(({ id }) => id),
    };
    checkLevel(this.#found.level);
  }
}
