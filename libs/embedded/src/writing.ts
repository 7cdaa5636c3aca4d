import type { Database } from 'bun:sqlite';
import { DomainError, Unavailable } from '@parley/domain';
import { guarded } from './database.ts';

const PROBE = `INSERT OR REPLACE INTO write_probe VALUES (1, zeroblob(${64 * 1024}))`;

/** Guards writes, and remembers whether the last one failed, so that a full disk is noticed until it has room again. */
export class Writing {
  #lastFailed = false;

  constructor(private readonly database: Database) {}

  /** As `guarded`. An error of the domain other than Unavailable is no failure of the database. */
  async run<T>(write: () => T): Promise<T> {
    try {
      const written = await guarded(write);
      this.#lastFailed = false;
      return written;
    } catch (error) {
      if (error instanceof Unavailable || !(error instanceof DomainError)) this.#lastFailed = true;
      throw error;
    }
  }

  /**
   * Rejects with Unavailable if the database cannot be used. After a failed write only another write (not a tiny one)
   * shows that the disk has room again.
   */
  async ping(): Promise<void> {
    if (this.#lastFailed) await this.run(() => this.database.run(PROBE));
    else await guarded(() => this.database.run('SELECT 1'));
  }
}
