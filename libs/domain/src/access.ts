/**
 * Who sends a request, and what it may do. Without keys (open mode) everybody may do everything. The one place that
 * decides is libs/http/src/access.
 */
import type { Token } from './identifiers.ts';

/** What a secret key may do in its application. `manage`: the application's and its chats' names and lives. */
export const SCOPES = ['messages:read', 'messages:write', 'manage', 'keys'] as const;
export type Scope = (typeof SCOPES)[number];

/** The scopes that a user token may have. */
export const USER_SCOPES = ['messages:read', 'messages:write'] as const satisfies readonly Scope[];
export type UserScope = (typeof USER_SCOPES)[number];

export function isScope(text: string): text is Scope {
  return (SCOPES as readonly string[]).includes(text);
}

/** The sender of a request, as its credential says. */
export type Caller = Anyone | Admin | KeyHolder | User;

/** Anybody, in open mode. */
export interface Anyone {
  readonly kind: 'anyone';
}

/** The operator of the installation. */
export interface Admin {
  readonly kind: 'admin';
  /** The key's id; undefined: a key of the environment, which cannot be revoked. */
  readonly key?: string | undefined;
}

/** A server of an application, with a secret key. */
export interface KeyHolder {
  readonly kind: 'key';
  readonly token: Token;
  /** The key's id. */
  readonly key: string;
  readonly scopes: ReadonlySet<Scope>;
}

/** A user of an application, with a user token. */
export interface User {
  readonly kind: 'user';
  readonly token: Token;
  readonly user: string;
  readonly scopes: ReadonlySet<Scope>;
  /** The chats that exist for this user. */
  readonly chats: '*' | ReadonlySet<number>;
}

/** The chats that a caller is limited to, in rising order; undefined if it may see all. */
export function chatsOf(caller: Caller): readonly number[] | undefined {
  if (caller.kind !== 'user' || caller.chats === '*') return undefined;
  return [...caller.chats].sort((a, b) => a - b);
}

/** The user whose messages and read mark alone a caller may change; undefined if it may change all. */
export function userOf(caller: Caller): string | undefined {
  return caller.kind === 'user' ? caller.user : undefined;
}

/** A secret key or admin key, without its secret. Times are milliseconds since 1970, UTC. */
export interface AccessKey {
  /** A UUID: it names the key in lists and when it is revoked. */
  readonly id: string;
  /** The application; undefined: an admin key, which has no scopes. */
  readonly token?: Token | undefined;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly createdAt: number;
  readonly expiresAt?: number | undefined;
  /** To the hour. */
  readonly lastUsedAt?: number | undefined;
  readonly revokedAt?: number | undefined;
}

/** The key pair that signs user tokens. The parts are JSON Web Keys (RFC 8037), as JSON text. */
export interface SigningKey {
  readonly kid: string;
  readonly publicKey: string;
  readonly privateKey: string;
  readonly createdAt: number;
}

/**
 * PORT. Keeps the mode (open or keyed), the keys, and the keys that sign user tokens. Every method rejects with
 * Unavailable if the database is unreachable or too slow.
 */
export interface KeyStore {
  /** Records whether keys are needed. It sticks until the next call. Only the operator's command takes keys back. */
  setKeyed(keyed: boolean): Promise<void>;
  /**
   * `hash`: SHA-256 of the whole key, in hexadecimal. Rejects with TooManyKeys if the application has KEYS_MAX, or has
   * made KEYS_MADE_MAX in the REVOKED_SECONDS before `createdAt`.
   */
  addKey(key: AccessKey, hash: string): Promise<void>;
  /** The keys of an application (undefined: the admin keys) that are not revoked, the oldest first. */
  keys(token: Token | undefined): Promise<readonly AccessKey[]>;
  /** The keys with these hashes, revoked and expired ones included. At most KEYS_FOUND_MAX hashes. */
  keysByHash(hashes: readonly string[]): Promise<ReadonlyMap<string, AccessKey>>;
  /** Revokes a key of an application (undefined: an admin key). True also if it was revoked before; false if there is none. */
  revokeKey(token: Token | undefined, id: string): Promise<boolean>;
  /** Records that these keys were used at this time. A later time that is recorded stays. Unknown ids are ignored. */
  keysUsed(ids: readonly string[], at: number): Promise<void>;
  /** Adds a signing key. From now on it is the newest one, which signs. */
  addSigningKey(key: SigningKey): Promise<void>;
  /** The newest signing key; undefined if there is none. */
  signingKey(): Promise<SigningKey | undefined>;
  /** Deletes the signing keys created before `createdAt`, except the newest one. */
  dropSigningKeys(createdAt: number): Promise<void>;
  /**
   * What every process must know. `since`: `at` of the last answer; undefined at the start. What changed shortly before
   * `since` may come again: a transaction may become visible late.
   */
  accessSince(since?: number): Promise<AccessState>;
}

export interface AccessState {
  /** When this was read, by the database's clock. */
  readonly at: number;
  /** Undefined: it was never recorded. A keyed program that finds this has a database that was restored or made anew. */
  readonly keyed: boolean | undefined;
  /** The keys that were revoked since; at the start, in the last REVOKED_SECONDS. */
  readonly revoked: readonly { readonly id: string; readonly at: number }[];
  /** All signing keys, without their private parts. */
  readonly signingKeys: readonly Omit<SigningKey, 'privateKey'>[];
  /** The limits that were changed since; at the start, of all applications that have some of their own. */
  readonly limits: readonly { readonly token: Token; readonly limits: ApplicationLimits }[];
}

/**
 * PORT. Tells all processes at once that something has changed. A hint may be lost: each process also asks the store
 * every few seconds.
 */
export interface AccessHints {
  /** Rejects with Unavailable if it cannot be told. */
  tell(hint: AccessHint): Promise<void>;
  /** `take` is called for each hint, also for those of this process. Call it once. */
  listen(take: (hint: AccessHint) => void): void;
  /**
   * Since when (performance.now) no hint of another process can have been lost; undefined if there is no connection now.
   * It resolves after a check of the connection.
   */
  unbrokenSince(): Promise<number | undefined>;
}

/** `revoked`: this key ends now. `changed`: ask the store. */
export type AccessHint = { readonly kind: 'revoked'; readonly id: string } | { readonly kind: 'changed' };

/** Limits of an application; one that is undefined is the installation's default. */
export interface ApplicationLimits {
  /** Messages created a second, over all processes. Bursts of max(this, MESSAGE_BURST_MIN) are let through. */
  readonly messagesPerSecond?: number | undefined;
  /** Requests a second, in each process. */
  readonly requestsPerSecond?: number | undefined;
  /** Creates that are not answered yet, in each process. */
  readonly createsInFlight?: number | undefined;
  /** Live streams at the same time, in each process. */
  readonly liveConnections?: number | undefined;
}

export const LIMIT_NAMES = [
  'messagesPerSecond',
  'requestsPerSecond',
  'createsInFlight',
  'liveConnections',
] as const satisfies readonly (keyof ApplicationLimits)[];
export type LimitName = (typeof LIMIT_NAMES)[number];

/** The most messages that may be created at once, if none were created for a while: `burst`. */
export interface MessageRate {
  readonly perSecond: number;
  readonly burst: number;
}

/** Always the same rate for the same limit. */
export function messageRate(perSecond: number): MessageRate {
  return { perSecond, burst: Math.max(perSecond, MESSAGE_BURST_MIN) };
}

/** A batch of the greatest size must fit. */
export const MESSAGE_BURST_MIN = 1_000;
export const LIMIT_MAX = 1_000_000_000;
export const KEYS_MAX = 100;
/**
 * The most keys that an application can make within REVOKED_SECONDS, revoked ones included: every process knows those
 * that were revoked in this time.
 */
export const KEYS_MADE_MAX = 1_000;
export const KEYS_FOUND_MAX = 1_000;
/** The most chats that a user token can name. */
export const USER_TOKEN_CHATS_MAX = 200;
export const USER_TOKEN_SECONDS_MIN = 60;
export const USER_TOKEN_SECONDS_DEFAULT = 60 * 60;
export const USER_TOKEN_SECONDS_MAX = 24 * 60 * 60;
/** For so long a user token may name a revoked key: as long as it lives, and an hour more, if clocks differ. */
export const REVOKED_SECONDS = USER_TOKEN_SECONDS_MAX + 60 * 60;
export const KEY_NAME_CHARACTERS_MAX = 100;
export const ADMIN_KEY_CHARACTERS_MIN = 32;
