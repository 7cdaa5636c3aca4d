import { Unavailable } from '@parley/domain';
import { within } from '@parley/runtime';

/** A cluster may redirect a command a few times, each time within the client's own timeout. */
const DEADLINE_MS = 1_000;

/** What a failure of Redis is to the rest of the system. */
export function unavailable(cause?: unknown, detail = 'The numbers are not available right now.'): Unavailable {
  if (cause instanceof Unavailable) return cause;
  return new Unavailable('numbers', detail, cause === undefined ? {} : { cause });
}

/** Settles as the command does, within a second, and rejects with nothing but Unavailable. */
export function bounded<T>(command: Promise<T>): Promise<T> {
  return within(
    command.catch((error: unknown) => {
      throw unavailable(error);
    }),
    DEADLINE_MS,
    () => unavailable(undefined, 'The numbers did not answer in time.'),
  );
}
