/** Callers with what Access must know of them. They are remembered, so one object serves many requests. */
import type { AccessKey, Admin, Anyone, KeyHolder, Scope, Token, User } from '@parley/domain';

export const ANYONE: Anyone = { kind: 'anyone' };

/** A caller with a credential that ends. */
export type Known = KnownAdmin | KnownKey | KnownUser;

/** An admin key of the environment (`key` is undefined) or of the store. */
export class KnownAdmin implements Admin {
  readonly kind = 'admin';
  readonly key: string | undefined;
  readonly endsAt: number;
  /** Whether a request had this key since the last note of it. */
  used = false;

  constructor(key?: AccessKey) {
    this.key = key?.id;
    this.endsAt = key?.expiresAt ?? Number.POSITIVE_INFINITY;
  }
}

export class KnownKey implements KeyHolder {
  readonly kind = 'key';
  readonly key: string;
  readonly scopes: ReadonlySet<Scope>;
  readonly endsAt: number;
  used = false;

  constructor(
    readonly token: Token,
    { id, scopes, expiresAt }: AccessKey,
  ) {
    this.key = id;
    this.scopes = new Set(scopes);
    this.endsAt = expiresAt ?? Number.POSITIVE_INFINITY;
  }
}

export class KnownUser implements User {
  readonly kind = 'user';

  constructor(
    readonly token: Token,
    readonly user: string,
    readonly scopes: ReadonlySet<Scope>,
    readonly chats: '*' | ReadonlySet<number>,
    readonly endsAt: number,
    /** The key that made the token. */
    readonly key: string | undefined,
    /** The signing key. */
    readonly kid: string,
    /** Whether no key was needed to make it. */
    readonly isOpen: boolean,
  ) {}
}
