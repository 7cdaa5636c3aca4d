import type {
  AccessHints,
  Counters,
  DeadLetters,
  EventLog,
  Figures,
  KeyStore,
  Numbering,
  SearchIndex,
  Store,
} from '@parley/domain';
import type { UserTokens } from '@parley/http';
import type { Logger } from '@parley/runtime';

/** What the api needs from other packages. Of the event log it uses only `fence`. */
export interface ApiParts {
  readonly store: Store;
  readonly events: EventLog;
  readonly numbering: Pick<Numbering, 'retire'>;
  readonly index: SearchIndex;
  readonly counters: Counters;
  readonly keys: Pick<KeyStore, 'addKey' | 'keys' | 'revokeKey'>;
  readonly hints: Pick<AccessHints, 'tell'>;
  readonly userTokens: UserTokens;
  readonly figures: Pick<Figures, 'all'>;
  readonly deadLetters: DeadLetters;
  readonly logger: Logger;
}
