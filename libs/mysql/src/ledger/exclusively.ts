import { DatabaseFault } from '../faults.ts';
import { withLock } from '../named-lock.ts';
import type { Pool } from '../pool.ts';

/**
 * Runs `work` under the lock of the search index. Returns false if another process has the lock. `held` rejects if the
 * lock is lost. Calling it also keeps the connection in use, so the server does not close it.
 */
export function exclusively(pool: Pool, work: (held: () => Promise<void>) => Promise<void>): Promise<boolean> {
  return pool.use(async (session) => {
    const done = await withLock(session, 'search', async (lock) => {
      await work(async () => {
        const [row] = await session.select<{ held: number | null }>(
          'SELECT IS_USED_LOCK(?) = CONNECTION_ID() AS held',
          [lock],
        );
        if (row?.held !== 1) throw new DatabaseFault('outage', 'LOCK_LOST');
      });
      return true;
    });
    return done ?? false;
  });
}
