import type { Counters, EventLog, SearchIndex, Store } from '@parley/domain';
import type { Logger } from '@parley/runtime';

/** What the api needs from outside. Of the event log it uses only the fence. */
export interface ApiParts {
  readonly store: Store;
  readonly events: EventLog;
  readonly index: SearchIndex;
  readonly counters: Counters;
  readonly logger: Logger;
}
