import type { Counters, EventLog, SearchIndex, Store } from '@parley/domain';
import type { Logger } from '@parley/runtime';

/** What the api needs from outside. It uses only the fence of the event log. */
export interface ApiParts {
  readonly store: Store;
  readonly events: EventLog;
  readonly index: SearchIndex;
  readonly counters: Counters;
  readonly logger: Logger;
}
