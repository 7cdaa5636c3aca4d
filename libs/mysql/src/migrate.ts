import { readMigrationFiles } from 'drizzle-orm/migrator';
import { drizzle } from 'drizzle-orm/mysql2';
import { migrate as runMigrations } from 'drizzle-orm/mysql2/migrator';
import { DatabaseFault, faultOf } from './faults.ts';
import { Session, type SessionOptions } from './session.ts';

/** How long another process may take to migrate before the wait for it is given up. */
const LOCK_WAIT_SECONDS = 120;

/**
 * Brings the tables up to date. Where they are, it only reads, so a user who may not change tables will do. Several
 * processes may call it at once: one works, the others wait for it and find nothing to do. The lock belongs to the very connection that migrates, so it falls with it.
 */
export async function migrate(options: SessionOptions, migrationsFolder: string): Promise<void> {
  const session = await Session.open({ ...options, statementTimeoutMs: (LOCK_WAIT_SECONDS + 10) * 1_000 });
  try {
    if (await isCurrent(session, migrationsFolder)) return;
    const [answer] = await session.select<{ locked: number | null }>('SELECT GET_LOCK(?, ?) AS locked', [
      await lockName(session, 'migrate'),
      LOCK_WAIT_SECONDS,
    ]);
    if (answer?.locked !== 1) throw new DatabaseFault('outage', 'MIGRATION_LOCKED');
    await runMigrations(drizzle(session.connection), { migrationsFolder }).catch((error: unknown) => {
      throw faultOf(error instanceof Error && error.cause !== undefined ? error.cause : error);
    });
  } finally {
    await session.end();
  }
}

/** Whether the last migration is on record, which is written when all of it is done. */
async function isCurrent(session: Session, migrationsFolder: string): Promise<boolean> {
  const newest = Math.max(...readMigrationFiles({ migrationsFolder }).map(({ folderMillis }) => folderMillis));
  const [last] = await session
    .select<{ at: number }>('SELECT created_at AS at FROM __drizzle_migrations ORDER BY created_at DESC LIMIT 1')
    .catch((error: unknown) => {
      // Before the first migration the table is missing.
      if (faultOf(error).kind === 'outage') return [];
      throw error;
    });
  return last !== undefined && last.at >= newest;
}

/** The name of a lock of this database. GET_LOCK's names belong to the whole server and hold 64 characters. */
export async function lockName(session: Session, purpose: string): Promise<string> {
  const [row] = await session.select<{ name: string }>(
    "SELECT CONCAT('parley.', ?, '.', LEFT(SHA2(DATABASE(), 256), 32)) AS name",
    [purpose],
  );
  return row?.name ?? purpose;
}
