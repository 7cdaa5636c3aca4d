import { Database } from 'bun:sqlite';
import { join } from 'node:path';
import { DomainError, Unavailable } from '@parley/domain';
import { drizzle } from 'drizzle-orm/bun-sqlite';
import { migrate } from 'drizzle-orm/bun-sqlite/migrator';
import { DataDirInUse, LOCK_NAME, lockFolder } from './folder-lock.ts';
import { ownFile, ownFolder } from './owner-only.ts';
import { sqliteCode } from './sqlite-code.ts';

/** A message's id: the lower 34 bits are the message's number, which never needs more; the upper are the chat's id. */
export const NUMBER_BITS = 34;
/** SQL for a message's id, from its chat's id (?1) and its number (?2). */
export const MESSAGE_ID = `(?1 << ${NUMBER_BITS}) + ?2`;
/** The largest number that a message's id has room for. */
export const NUMBER_MASK = 2 ** NUMBER_BITS - 1;

const DATABASE_NAME = 'parley.db';
/** The endings of a database's files: SQLite creates further ones beside it, with its file mode. */
const ENDS = ['', '-wal', '-shm', '-journal'];
/** The last one is the socket of a running standalone (apps/cli). */
const NAMES = [...[DATABASE_NAME, LOCK_NAME].flatMap((name) => ENDS.map((end) => name + end)), 'parley.sock'];

export function databaseFile(dataDir: string): string {
  return join(dataDir, DATABASE_NAME);
}

/**
 * Opens `parley.db` in the folder (creates it if missing) and brings its tables up to date. A commit is on disk when it
 * returns (`synchronous=FULL`). Locks the folder until `close`, and takes other users' rights to the files. Throws
 * DataDirInUse if another process uses the folder.
 */
export function openDatabase(dataDir: string): { database: Database; close: () => void } {
  ownFolder(dataDir, NAMES);
  const lock = lockFolder(dataDir);
  try {
    ownFile(databaseFile(dataDir));
    refuseOthers(dataDir);
    const database = new Database(databaseFile(dataDir), { create: true, strict: true });
    try {
      prepare(database);
    } catch (error) {
      database.close();
      throw error;
    }
    return {
      database,
      close: () => {
        database.close(true); // `true` also finalizes all statements: an open one would keep the file open
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/**
 * Throws DataDirInUse if another process has the database open, by locking it for a moment. The lock file alone does
 * not show that: an earlier version locks the database itself, and a lock file may have been deleted.
 */
function refuseOthers(dataDir: string): void {
  const alone = new Database(databaseFile(dataDir), { create: true, strict: true });
  try {
    alone.run('PRAGMA locking_mode = EXCLUSIVE');
    alone.run('PRAGMA journal_mode = WAL');
    alone.run('BEGIN IMMEDIATE');
    alone.run('COMMIT');
  } catch (error) {
    if (sqliteCode(error)?.startsWith('SQLITE_BUSY')) throw new DataDirInUse(dataDir);
    throw error;
  } finally {
    alone.close();
  }
}

/** How long to wait for a lock of the database: a killed reader may hold one for a moment. No other is waited for. */
const BUSY_TIMEOUT_MS = 250;

function prepare(database: Database): void {
  database.run('PRAGMA journal_mode = WAL');
  database.run('PRAGMA synchronous = FULL');
  database.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
  database.run('PRAGMA cache_size = -65536');
  database.run('PRAGMA secure_delete = ON'); // what is deleted is overwritten with zeros
  migrate(drizzle(database), { migrationsFolder: join(import.meta.dir, '../drizzle') });
}

/**
 * Returns the result of `run`. Every error of the database (disk full, damaged, closed) becomes Unavailable; errors of
 * the domain stay. The database's error may contain data, so it is only the cause.
 */
export async function guarded<T>(run: () => T): Promise<T> {
  try {
    return run();
  } catch (error) {
    if (error instanceof DomainError) throw error;
    throw new Unavailable('store', `The store cannot be used (${sqliteCode(error) ?? 'closed'}).`, { cause: error });
  }
}
