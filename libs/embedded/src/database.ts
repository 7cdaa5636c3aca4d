import { Database } from 'bun:sqlite';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Unavailable } from '@parley/domain';
import { drizzle } from 'drizzle-orm/bun-sqlite';
import { migrate } from 'drizzle-orm/bun-sqlite/migrator';

/** Another process uses the data folder. */
export class DataDirInUse extends Error {
  override readonly name = 'DataDirInUse';
  constructor(dataDir: string) {
    super(`The data folder ${dataDir} is in use by another process.`);
  }
}

/** Bits of a message's id that hold its number; the chat's id is above them. Numbers have at most 34 bits. */
export const NUMBER_BITS = 34;

/**
 * Opens `parley.db` in the folder, makes it if there is none, and brings its tables up to date. Every commit is on the
 * disk when it returns (`synchronous=FULL`). The lock is the file's own, held until the database is closed or the
 * process is gone, however it went. Throws DataDirInUse.
 */
export function openDatabase(dataDir: string): Database {
  mkdirSync(dataDir, { recursive: true });
  const database = new Database(join(dataDir, 'parley.db'), { create: true, strict: true });
  try {
    database.run('PRAGMA locking_mode = EXCLUSIVE');
    database.run('PRAGMA journal_mode = WAL');
    database.run('BEGIN IMMEDIATE');
    database.run('COMMIT');
  } catch (error) {
    database.close();
    if (sqliteCode(error)?.startsWith('SQLITE_BUSY')) throw new DataDirInUse(dataDir);
    throw error;
  }
  database.run('PRAGMA synchronous = FULL');
  database.run('PRAGMA cache_size = -65536');
  migrate(drizzle(database), { migrationsFolder: join(import.meta.dir, '../drizzle') });
  return database;
}

export function sqliteCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
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
