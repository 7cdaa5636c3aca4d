import type { Event, Store } from '@parley/domain';
import type { Logger } from '@parley/runtime';
import { deletedEvents } from './deleted-events.ts';

export interface SweepParts {
  readonly deadLetters: {
    count(): Promise<number>;
    removeEvents(limit: number, isDeleted: (event: Event) => Promise<boolean>): Promise<number>;
  };
  readonly store: Pick<Store, 'application' | 'chat'>;
  readonly logger: Logger;
}

/** Makes a function that removes the dead letters of all that was deleted. It rejects with Unavailable. */
export function sweepOf({ deadLetters, store, logger }: SweepParts): () => Promise<void> {
  return async () => {
    const waiting = await deadLetters.count();
    if (waiting === 0) return;
    const letters = await deadLetters.removeEvents(waiting, deletedEvents(store));
    if (letters > 0) logger.info({ letters }, 'dead letters of what was deleted are removed');
  };
}
