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
  Token,
  UserScope,
} from '@parley/domain';
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

/** Signs user tokens. Rejects with Unavailable if there is no key to sign with now. */
export interface UserTokens {
  sign(session: UserSession): Promise<string>;
}

/** What a user token says. Times are whole seconds since 1970, UTC. */
export interface UserSession {
  readonly token: Token;
  readonly user: string;
  readonly chats: '*' | readonly number[];
  readonly scopes: readonly UserScope[];
  /** The id of the secret key that makes it, and with which it ends; undefined: an admin, or open mode. */
  readonly key: string | undefined;
  readonly issuedAt: number;
  readonly expiresAt: number;
}
