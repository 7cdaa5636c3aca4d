import { randomBytes } from 'node:crypto';
import { checkLevel, LEVEL, OutdatedProgram } from './level.ts';
import { bytes, integer, text } from './literals.ts';
import type { Pool } from './pool.ts';

const BEAT_MS = 1_000;
/** If a worker is silent for this time, others index its partitions. */
const SHARED_SECONDS = 5;

interface Found {
  readonly level: number;
  readonly searchList: number;
  readonly workers: readonly string[];
}

/**
 * This process's row in `programs`, updated every second. All rows together show each process which partitions it must
 * index, whether it is outdated, and which processes may still write to a search index.
 */
export class Membership {
  readonly #pool: Pool;
  readonly #partitions: number;
  readonly #id = randomBytes(16).toString('hex');
  #name = '';
  #found: Found = { level: 0, searchList: 0, workers: [] };
  /** The number of the index list's last change, as each running indexing round knew it at its start. */
  readonly #rounds = new Set<{ readonly searchList: number }>();
  #timer: Timer | undefined;
  #beating: Promise<void> = Promise.resolve();

  constructor(pool: Pool, partitions: number) {
    this.#pool = pool;
    this.#partitions = partitions;
  }

  /**
   * Starts the beat. Throws OutdatedProgram if newer programs have raised the level, Unavailable if the database is
   * unreachable. If the level is raised later, calls `outdated` once: this program must end then.
   */
  async join(name: string, outdated: (error: OutdatedProgram) => void): Promise<void> {
    this.#name = name;
    await this.#beat();
    this.#timer = setInterval(() => {
      this.#beating = this.#beat().catch((error: unknown) => {
        if (!(error instanceof OutdatedProgram)) return; // the database is unreachable: others report it
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
    await this.#pool.useAgain((session) => session.change(sql)).catch(() => {}); // a row without beats expires
  }

  /** The partitions that this worker must index; all of them if this process has not joined. */
  share(): number[] {
    const { workers } = this.#found;
    const all = Array.from(Array(this.#partitions).keys());
    const place = workers.indexOf(this.#id);
    return place < 0 ? all : all.filter((partition) => partition % workers.length === place);
  }

  /** Runs `work`, which reads the list of search indices and writes to them. dropSearchIndex waits for it. */
  async indexing<T>(work: () => Promise<T>): Promise<T> {
    const round = { searchList: this.#found.searchList };
    this.#rounds.add(round);
    try {
      return await work();
    } finally {
      this.#rounds.delete(round);
    }
  }

  /**
   * Reports the list's number from the last beat, or the lowest one that a running round began with. Later rounds read
   * the list again, so none uses an older one.
   */
  async #beat(): Promise<void> {
    const searchList = Math.min(this.#found.searchList, ...[...this.#rounds].map((round) => round.searchList));
    const results = await this.#pool.useAgain((session) =>
      session.send([
        `INSERT INTO programs (id, name, level, search_list, seen_at)
         VALUES (${bytes(this.#id)}, ${text(this.#name)}, ${LEVEL}, ${integer(searchList)}, NOW(3)) AS now
         ON DUPLICATE KEY UPDATE search_list = now.search_list, seen_at = now.seen_at`,
        'SELECT MAX(level) AS level FROM partitions',
        'SELECT search_list AS searchList FROM installation',
        `SELECT LOWER(HEX(id)) AS id FROM programs
         WHERE name = 'worker' AND seen_at > NOW(3) - INTERVAL ${SHARED_SECONDS} SECOND ORDER BY id`,
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
