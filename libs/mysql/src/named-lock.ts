import type { Session } from './session.ts';

/**
 * Does `work` under a lock of the whole database; undefined where another process has it. The lock belongs to the
 * session's connection, so it falls with the process or the connection.
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
    // A connection that broke has let go of the lock; one that does not let go must not go back to the pool.
    if (!session.broken) await session.select('SELECT RELEASE_LOCK(?)', [name]).catch(() => session.destroy());
  }
}

/** The name of a lock of this database. GET_LOCK's names belong to the whole server and hold 64 characters. */
export async function lockName(session: Session, purpose: string): Promise<string> {
  const [row] = await session.select<{ name: string }>(
    "SELECT CONCAT('parley.', ?, '.', LEFT(SHA2(DATABASE(), 256), 32)) AS name",
    [purpose],
  );
  return row?.name ?? purpose;
}
