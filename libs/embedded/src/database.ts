import { Database } from 'bun:sqlite';
import { join } from 'node:path';
import { Unavailable } from '@parley/domain';
import { drizzle } from 'drizzle-orm/bun-sqlite';
import { migrate } from 'drizzle-orm/bun-sqlite/migrator';
import { DataDirInUse, LOCK_NAME, lockFolder } from './folder-lock.ts';
import { ownFile, ownFolder } from './owner-only.ts';
import { sqliteCode } from './sqlite-code.ts';

/** Bits of a message's id that hold its number; the chat's id is above them. Numbers have at most 34 bits. */
export const NUMBER_BITS = 34;
/** The id of a message in SQL, of its chat's id (?1) and its number (?2). */
export const MESSAGE_ID = `(?1 << ${NUMBER_BITS}) + ?2`;
/** What a Message has beside its number, in SQL. */
export const MESSAGE_COLUMNS = 'content, created_at AS createdAt, updated_at AS updatedAt';

const DATABASE_NAME = 'parley.db';
/** Beside its database SQLite makes files with these ends, of the database's own mode. */
const ENDS = ['', '-wal', '-shm', '-journal'];
const NAMES = [DATABASE_NAME, LOCK_NAME].flatMap((name) => ENDS.map((end) => name + end));

export function databaseFile(dataDir: string): string {
  return join(dataDir, DATABASE_NAME);
}

/**
 * Opens `parley.db` in the folder, makes it if there is none, and brings its tables up to date. Every commit is on the
 * disk when it returns (`synchronous=FULL`). The folder is locked until the database is closed, and its owner's alone.
 * Throws DataDirInUse.
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
        database.close(true); // finalizes all statements; while one is left, SQLite keeps the file open
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/**
 * Nobody else may have the data open, whatever became of the lock's file: a process of the version before, which locks the
 * data itself, or one whose lock somebody deleted. A connection that wants the file for itself finds out.
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

/** A reader that is ended by force may hold a lock for a moment. Nothing else waits for one. */
const BUSY_TIMEOUT_MS = 250;

function prepare(database: Database): void {
  database.run('PRAGMA journal_mode = WAL');
  database.run('PRAGMA synchronous = FULL');
  database.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
  database.run('PRAGMA cache_size = -65536');
  migrate(drizzle(database), { migrationsFolder: join(import.meta.dir, '../drizzle') });
}

/**
 * Runs something on the database; whatever the database throws (disk full, damaged, closed) becomes Unavailable. Its
 * own message may hold data and stays inside as the cause.
 */
export async function guarded<T>(run: () => T): Promise<T> {
  try {
    return run();
  } catch (error) {
    if (error instanceof Unavailable) throw error;
    throw new Unavailable('store', `The store cannot be used (${sqliteCode(error) ?? 'closed'}).`, { cause: error });
  }
}
