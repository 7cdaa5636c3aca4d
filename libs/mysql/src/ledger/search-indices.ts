import { DatabaseFault } from '../faults.ts';
import { seenWithin } from '../level.ts';
import { text, time } from '../literals.ts';
import type { Pool } from '../pool.ts';

/** dropSearchIndex checks at this interval whether all workers know the new list, at most CHECKS_MAX times. */
const CHECK_MS = 500;
const CHECKS_MAX = 60;
/** A worker that has not updated its row in `programs` for this time counts as gone. */
const GONE_AFTER_SECONDS = 10;

export const SEARCH_INDICES = 'SELECT name FROM search_indices ORDER BY created_at, name';

export async function searchIndices(pool: Pool): Promise<readonly string[]> {
  const rows = await pool.useAgain((session) => session.select<{ name: string }>(SEARCH_INDICES));
  return rows.map(({ name }) => name);
}

export async function addSearchIndex(pool: Pool, name: string): Promise<void> {
  await changeList(
    pool,
    `INSERT INTO search_indices (name, created_at) VALUES (${text(name)}, ${time(Date.now())})
     ON DUPLICATE KEY UPDATE name = name`,
  );
}

/** Takes the index off the list. Then waits until no worker uses an older list. Rejects after 30 seconds. */
export async function dropSearchIndex(pool: Pool, name: string): Promise<void> {
  const change = await changeList(pool, `DELETE FROM search_indices WHERE name = ${text(name)}`);
  for (let checks = 1; await isBehind(pool, change); checks += 1) {
    if (checks === CHECKS_MAX) throw new DatabaseFault('outage', 'SEARCH_INDEX_IN_USE');
    await Bun.sleep(CHECK_MS);
  }
}

/** Changes the list of search indices. Returns `search_list`: how often it has been changed. */
async function changeList(pool: Pool, change: string): Promise<number> {
  const results = await pool.transaction((session) =>
    session.send([
      'BEGIN',
      change,
      'UPDATE installation SET search_list = search_list + 1 WHERE id = 1',
      'SELECT search_list FROM installation WHERE id = 1',
      'COMMIT',
    ]),
  );
  const [row] = results.at(-2) as { search_list: number }[];
  if (row === undefined) throw new DatabaseFault('outage', 'NO_INSTALLATION');
  return row.search_list;
}

async function isBehind(pool: Pool, change: number): Promise<boolean> {
  const [row] = await pool.useAgain((session) =>
    session.select<{ programs: number }>(
      `SELECT COUNT(*) AS programs FROM programs WHERE name = 'worker' AND search_list < ?
       AND ${seenWithin(GONE_AFTER_SECONDS)}`,
      [change],
    ),
  );
  return row?.programs !== 0;
}
