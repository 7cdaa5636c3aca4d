import { Unavailable } from '@parley/domain';
import { within } from '@parley/runtime';

/**
 * For a whole command, in milliseconds. A cluster may redirect it several times, each with the client's own timeout.
 */
const DEADLINE_MS = 1_000;

/** Turns a failure of Redis into Unavailable, the domain's error. */
export function unavailable(cause?: unknown, detail = 'The numbers are not available right now.'): Unavailable {
  if (cause instanceof Unavailable) return cause;
  return new Unavailable('numbers', detail, cause === undefined ? {} : { cause });
}

/** Settles as the command to Redis does, but within a second. Rejects only with Unavailable. */
export function bounded<T>(command: Promise<T>): Promise<T> {
  return within(
    command.catch((error: unknown) => {
      throw unavailable(error);
    }),
    DEADLINE_MS,
    () => unavailable(undefined, 'The numbers did not answer in time.'),
  );
}
