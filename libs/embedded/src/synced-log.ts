import type { Database } from 'bun:sqlite';
import { closeSync, fdatasync, openSync } from 'node:fs';
import { promisify } from 'node:util';
import { Unavailable } from '@parley/domain';
import { sqliteCode } from './sqlite-code.ts';

/** Brings a file's contents to the disk. Rejects with the system's error. */
export type SyncFile = (fileDescriptor: number) => Promise<void>;

const syncFile: SyncFile = promisify(fdatasync);

/**
 * Brings commits to the disk beside the event loop, so that requests are read while the disk works. SQLite itself does
 * not wait for the disk after a commit (`synchronous=NORMAL`): the commit is in the write-ahead log then, where a crash
 * of this process does not harm it, but a loss of power may take it. Answer nobody before `synced` has resolved.
 */
export class SyncedLog {
  readonly #checkpoint;
  readonly #fileDescriptor: number;
  readonly #syncFile: SyncFile;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #failed = false;

  /** `databaseFile` must have been written by `database`: then its write-ahead log exists. */
  constructor(database: Database, databaseFile: string, sync: SyncFile = syncFile) {
    this.#checkpoint = database.query<{ busy: number; log: number; checkpointed: number }, []>(
      'PRAGMA wal_checkpoint(PASSIVE)',
    );
    this.#fileDescriptor = openSync(`${databaseFile}-wal`, 'r+');
    this.#syncFile = sync;
  }

  /** Whether the last sync has failed: then commits may not be on disk, until `synced` resolves again. */
  get failed(): boolean {
    return this.#failed;
  }

  /**
   * Resolves when all that was committed before the call is on disk. Calls during a sync share the next one, because the
   * running one may have begun before their commits. Rejects with Unavailable if the disk fails.
   */
  synced(): Promise<void> {
    this.#next ??= this.#syncAfter(this.#running);
    return this.#next;
  }

  /** Waits for the running sync, and closes the file. */
  async close(): Promise<void> {
    await (this.#next ?? this.#running)?.catch(() => {});
    closeSync(this.#fileDescriptor);
  }

  async #syncAfter(running: Promise<void> | undefined): Promise<void> {
    await running?.catch(() => {});
    const sync = this.#sync();
    this.#running = sync;
    this.#next = undefined;
    await sync;
  }

  async #sync(): Promise<void> {
    try {
      if (this.#failed) this.#repair();
      else await this.#syncFile(this.#fileDescriptor);
      this.#failed = false;
    } catch (error) {
      this.#failed = true;
      if (error instanceof Unavailable) throw error;
      throw new Unavailable('store', `The store cannot be brought to the disk (${codeOf(error)}).`, { cause: error });
    }
  }

  /**
   * After a failed sync the system takes the same bytes for written, so another sync would succeed without them. A
   * checkpoint writes them again, to the database itself.
   */
  #repair(): void {
    const { busy, log, checkpointed } = this.#checkpoint.get() ?? { busy: 1, log: 0, checkpointed: 0 };
    if (busy !== 0 || log !== checkpointed) throw new Unavailable('store', 'The store is not on the disk yet.');
  }
}

function codeOf(error: unknown): string {
  return sqliteCode(error) ?? (error as { code?: string }).code ?? 'unknown';
}
