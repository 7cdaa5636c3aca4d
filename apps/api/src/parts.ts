import type { Counters, EventLog, Numbering, SearchIndex, Store } from '@parley/domain';
import type { Logger } from '@parley/runtime';

/** What the api needs from other packages. Of the event log it uses only `fence`. */
export interface ApiParts {
  readonly store: Store;
  readonly events: EventLog;
  readonly numbering: Pick<Numbering, 'retire'>;
  readonly index: SearchIndex;
  readonly counters: Counters;
  readonly logger: Logger;
}
