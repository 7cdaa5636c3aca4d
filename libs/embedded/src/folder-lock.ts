import { Database } from 'bun:sqlite';
import { join } from 'node:path';
import { ownFile } from './owner-only.ts';
import { sqliteCode } from './sqlite-code.ts';

export const LOCK_NAME = 'parley.lock';

/** Another process uses the data folder. */
export class DataDirInUse extends Error {
  override readonly name = 'DataDirInUse';
  constructor(dataDir: string) {
    super(`The data folder ${dataDir} is in use by another process.`);
  }
}

/**
 * Keeps a folder for one process until it is released or the process is gone, however it went: SQLite's own lock on a
 * file beside the data, which the system lets go with the process. The data's file has connections in two threads, so it
 * cannot be locked itself. Nothing in the process may open the lock's file in another way: closing it would let the lock
 * go. Throws DataDirInUse.
 */
export function lockFolder(dataDir: string): { release(): void } {
  const file = join(dataDir, LOCK_NAME);
  ownFile(file);
  const lock = new Database(file, { create: true, strict: true });
  try {
    lock.run('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if (sqliteCode(error)?.startsWith('SQLITE_BUSY')) throw new DataDirInUse(dataDir);
    throw error;
  }
  return { release: () => lock.close(true) };
}
