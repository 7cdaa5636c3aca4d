import { type EventLog, NotFound, type Store, type Token } from '@parley/domain';

const FENCE_TIMEOUT_MS = 1_000;

/**
 * Reads or changes a row that a 201 may have announced, but that may not be stored yet. If the row is absent, waits
 * until everything accepted for the application is stored, and tries once more. Throws NotFound if it is still absent,
 * and Unavailable if the wait takes too long: never NotFound for a row that was acknowledged.
 */
export async function settled<Row>(
  { events, store }: { readonly events: EventLog; readonly store: Pick<Store, 'reached'> },
  token: Token,
  what: 'application' | 'chat' | 'message',
  attempt: () => Promise<Row | undefined>,
): Promise<Row> {
  const row = await attempt();
  if (row !== undefined) return row;
  await store.reached(token, await events.fence(token, FENCE_TIMEOUT_MS));
  const again = await attempt();
  if (again === undefined) throw new NotFound(what);
  return again;
}
