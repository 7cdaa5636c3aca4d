import type { Session } from './session.ts';

/**
 * Runs `work` while the session holds a named lock of this database. Returns undefined if another session has the lock.
 * It belongs to the session's connection and ends with it.
 */
export async function withLock<T>(
  session: Session,
  purpose: string,
  work: (lock: string) => Promise<T>,
): Promise<T | undefined> {
  const name = await lockName(session, purpose);
  const [answer] = await session.select<{ locked: number | null }>('SELECT GET_LOCK(?, 0) AS locked', [name]);
  if (answer?.locked !== 1) return undefined;
  try {
    return await work(name);
  } finally {
    // A broken connection has released the lock. A connection that fails to release it must not return to the pool.
    if (!session.broken) await session.select('SELECT RELEASE_LOCK(?)', [name]).catch(() => session.destroy());
  }
}

/**
 * The name of a lock of this database. Names of GET_LOCK are shared by all databases of the server and have at most 64
 * characters, so it contains a hash of the database's name.
 */
export async function lockName(session: Session, purpose: string): Promise<string> {
  const [row] = await session.select<{ name: string }>(
    "SELECT CONCAT('parley.', ?, '.', LEFT(SHA2(DATABASE(), 256), 32)) AS name",
    [purpose],
  );
  return row?.name ?? purpose;
}
