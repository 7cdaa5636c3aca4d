import { DatabaseFault } from '../faults.ts';
import { text, time } from '../literals.ts';
import type { Pool } from '../pool.ts';

/** How often a drop waits for indexers, a lock wait timeout each time. */
const DROP_TRIES = 10;

export async function searchIndices(pool: Pool): Promise<readonly string[]> {
  const rows = await pool.useAgain((session) =>
    session.select<{ name: string }>('SELECT name FROM search_indices ORDER BY created_at, name'),
  );
  return rows.map(({ name }) => name);
}

export async function addSearchIndex(pool: Pool, name: string): Promise<void> {
  try {
    await pool.useAgain((session) =>
      session.change(`INSERT INTO search_indices (name, created_at) VALUES (${text(name)}, ${time(Date.now())})`),
    );
  } catch (error) {
    if (!(error instanceof DatabaseFault) || error.kind !== 'duplicate') throw error;
  }
}

/** Waits for the indexers that have read the list: they hold a shared lock on it until they are done. */
export async function dropSearchIndex(pool: Pool, name: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await pool.transaction((session) => session.change(`DELETE FROM search_indices WHERE name = ${text(name)}`));
      return;
    } catch (error) {
      if (!(error instanceof DatabaseFault) || error.kind !== 'contention' || tries === DROP_TRIES) throw error;
    }
  }
}
