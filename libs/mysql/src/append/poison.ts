import type { Event, Rejection } from '@parley/domain';
import { DatabaseFault } from '../faults.ts';
import type { Pool } from '../pool.ts';
import { begun, insertStatements } from './insert.ts';

/**
 * Finds the events whose values the database refuses, in a batch that it has refused. Tries halves, down to single
 * events, each in a transaction that is rolled back: about 2·log2(n) tries for one bad event among n. A try ends at a
 * row that exists already, so it may miss a bad event after it. The caller then leaves out the stored events
 * (sortOutDuplicates) and tries again.
 */
export async function findPoison(
  pool: Pool,
  partition: number,
  events: readonly Event[],
  fault: DatabaseFault,
): Promise<Rejection[]> {
  const [only] = events;
  if (only !== undefined && events.length === 1) return [{ event: only, reason: 'rejected', detail: fault.code }];
  const middle = Math.ceil(events.length / 2);
  const found: Rejection[] = [];
  for (const half of [events.slice(0, middle), events.slice(middle)]) {
    const refusal = await tryOut(pool, partition, half);
    if (refusal !== undefined) found.push(...(await findPoison(pool, partition, half, refusal)));
  }
  return found;
}

/** Thrown to roll back the transaction of a try that succeeded. */
class WentWell extends Error {}

async function tryOut(pool: Pool, partition: number, events: readonly Event[]): Promise<DatabaseFault | undefined> {
  try {
    await pool.transaction(async (session) => {
      await session.send(begun(insertStatements(partition, events)));
      throw new WentWell();
    });
  } catch (error) {
    if (error instanceof WentWell) return undefined;
    if (!(error instanceof DatabaseFault)) throw error;
    if (error.kind === 'duplicate') return undefined;
    if (error.kind !== 'value') throw error;
    return error;
  }
  return undefined;
}
