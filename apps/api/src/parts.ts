import type { Counters, DeadLetters, EventLog, Figures, KeyStore, Numbering, SearchIndex, Store } from '@parley/domain';
import type { Access } from '@parley/http';
import type { Logger } from '@parley/runtime';

/** What the api needs from other packages. Of the event log it uses only `fence`. */
export interface ApiParts {
  readonly store: Store;
  readonly events: EventLog;
  readonly numbering: Pick<Numbering, 'retire'>;
  readonly index: SearchIndex;
  readonly counters: Counters;
  readonly keys: Pick<KeyStore, 'addKey' | 'keys'>;
  readonly access: Pick<Access, 'issueUserToken' | 'revokeKey' | 'tellChanged'>;
  readonly figures: Pick<Figures, 'all'>;
  readonly deadLetters: DeadLetters;
  readonly logger: Logger;
}
