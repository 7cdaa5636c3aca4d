import type { AccessHint, KeyStore, Store } from '@parley/domain';

/** What the commands need of an installation. */
export interface KeysParts {
  readonly keys: KeyStore;
  readonly store: Pick<Store, 'application'>;
  /** Makes a new key pair that signs user tokens, and resolves to its id. `endsOthers`: those of older ones end now. */
  readonly rotate: (endsOthers: boolean) => Promise<string>;
  /** Tells all running programs. Rejects with Unavailable if it cannot; they ask the store every few seconds anyway. */
  readonly tell: (hint: AccessHint) => Promise<void>;
  /** The keys in ADMIN_KEY here. */
  readonly adminKeys: readonly string[];
}
