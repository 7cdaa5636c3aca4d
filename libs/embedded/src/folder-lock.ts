import { Database } from 'bun:sqlite';
import { join } from 'node:path';
import { ownFile } from './owner-only.ts';
import { sqliteCode } from './sqlite-code.ts';

export const LOCK_NAME = 'parley.lock';

export class DataDirInUse extends Error {
  override readonly name = 'DataDirInUse';
  constructor(dataDir: string) {
    super(`The data folder ${dataDir} is in use by another process.`);
  }
}

/**
 * Locks a folder for this process until `release` or until the process ends, even by a crash: it is SQLite's own lock
 * on a file beside the database, which the operating system frees. The database itself cannot be locked, because two
 * threads have connections to it. Nothing else in this process may open the lock file: closing it would free the lock.
 * Throws DataDirInUse if another process has the lock.
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
