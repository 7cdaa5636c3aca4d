import { BeyondLastMessage, type EventLog, Gone, NotFound, type Store, type Token } from '@parley/domain';

export const FENCE_TIMEOUT_MS = 1_000;

export interface SettledParts {
  readonly events: Pick<EventLog, 'fence'>;
  readonly store: Pick<Store, 'reached'>;
}

/**
 * Reads or changes a row that a 201 may have announced, but that may not be stored yet. If the row is absent, waits
 * until everything accepted for the application is stored, and tries once more. Throws NotFound if it is still absent,
 * and Unavailable if the wait takes too long: never NotFound for a row that was acknowledged.
 */
export async function settled<Row>(
  { events, store }: SettledParts,
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

/**
 * The same for the owner of what a path names. If the owner was deleted, what is below it does not exist: NotFound, not
 * Gone.
 */
export async function owning<Row>(
  parts: SettledParts,
  token: Token,
  what: 'application' | 'chat',
  attempt: () => Promise<Row | undefined>,
): Promise<Row> {
  try {
    return await settled(parts, token, what, attempt);
  } catch (error) {
    throw error instanceof Gone ? new NotFound(what) : error;
  }
}

/** Makes an attempt that finds nothing, the first time, if a message that it needs may not be stored yet. */
export function awaitingMessage<Row>(attempt: () => Promise<Row | undefined>): () => Promise<Row | undefined> {
  let attempts = 0;
  return async () => {
    attempts += 1;
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof BeyondLastMessage && attempts === 1) return undefined;
      throw error;
    }
  };
}
