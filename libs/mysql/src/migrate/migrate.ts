import { join } from 'node:path';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { drizzle } from 'drizzle-orm/mysql2';
import { migrate as runMigrations } from 'drizzle-orm/mysql2/migrator';
import { DatabaseFault, faultOf } from '../faults.ts';
import { lockName } from '../named-lock.ts';
import { Session, type SessionOptions } from '../session.ts';
import { convert, dropEarlierTables, hasEarlierTables, type Progress } from './earlier-layout.ts';

export type { Progress };

const MIGRATIONS = join(import.meta.dir, '../../drizzle');
const LOCK_WAIT_SECONDS = 120;
/** The limit for one statement: counting the messages of a few very large chats takes minutes. */
const STATEMENT_MS = 60 * 60 * 1_000;
/** If this process vanishes, the server ends its session after this time, and another process may migrate. */
const IDLE_SECONDS = 60;

/**
 * Brings the tables up to date. If they are, it only reads, so a user without the right to change tables is enough.
 * Several processes may call it at once: one works, the others wait for it and find nothing to do. Its lock belongs to
 * the connection that migrates and ends with it.
 */
export async function migrate(
  options: SessionOptions,
  partitions: number,
  progress?: (progress: Progress) => void,
): Promise<void> {
  const variables = [...options.variables, `wait_timeout = ${IDLE_SECONDS}`];
  const session = await Session.open({ ...options, variables, statementTimeoutMs: STATEMENT_MS });
  try {
    if (await isCurrent(session)) return;
    const [answer] = await session.select<{ locked: number | null }>('SELECT GET_LOCK(?, ?) AS locked', [
      await lockName(session, 'migrate'),
      LOCK_WAIT_SECONDS,
    ]);
    if (answer?.locked !== 1) throw new DatabaseFault('outage', 'MIGRATION_LOCKED');
    const migrations = readMigrationFiles({ migrationsFolder: MIGRATIONS });
    await convert(session, migrations[0]?.sql ?? [], partitions, progress);
    await runMigrations(drizzle(session.connection), { migrationsFolder: MIGRATIONS }).catch((error: unknown) => {
      throw faultOf(error instanceof Error && error.cause !== undefined ? error.cause : error);
    });
    await dropEarlierTables(session);
  } finally {
    await session.end();
  }
}

/** Whether the newest migration is recorded, so all of it is done, and no earlier table is left. */
async function isCurrent(session: Session): Promise<boolean> {
  const files = readMigrationFiles({ migrationsFolder: MIGRATIONS });
  const newest = Math.max(...files.map(({ folderMillis }) => folderMillis));
  const [last] = await session
    .select<{ at: number }>('SELECT created_at AS at FROM __drizzle_migrations ORDER BY created_at DESC LIMIT 1')
    .catch((error: unknown) => {
      // Before the first migration, `__drizzle_migrations` does not exist.
      if (faultOf(error).kind === 'outage') return [];
      throw error;
    });
  return last !== undefined && last.at >= newest && !(await hasEarlierTables(session));
}
