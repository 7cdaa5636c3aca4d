/** Signs user tokens with the newest signing key of the store, and makes the first one. */
import { type KeyStore, type SigningKey, type Token, USER_TOKEN_SECONDS_MAX, type UserScope } from '@parley/domain';
import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';
import { ALGORITHM, ISSUER } from './claims.ts';

/** A program may sign with the last key for a while after a newer one was made, until it has heard of that. */
const HEARD_WITHIN_MS = 60 * 60 * 1_000;
const DAY_MS = 24 * 60 * 60 * 1_000;

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
  /** The id of the key that makes it, and with which it ends; undefined: a key of the environment, or none. */
  readonly key: string | undefined;
  /** Whether no key is needed to make it. It then ends when keys are turned on. */
  readonly open?: boolean;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

export class Signer implements UserTokens {
  #newest: { readonly kid: string; readonly key: Awaited<ReturnType<typeof importJWK>> } | undefined;
  #fetching: Promise<NonNullable<Signer['key']>> | undefined;

  constructor(
    private readonly keys: Pick<KeyStore, 'signingKey' | 'addSigningKey'>,
    private readonly now: () => number,
  ) {}

  /** The key in use. */
  get key() {
    return this.#newest;
  }

  /** Tells which key is the newest. Another one is used no longer. */
  setNewest(kid: string | undefined): void {
    if (this.#newest?.kid !== kid) this.#newest = undefined;
  }

  async sign({ token, user, chats, scopes, key, open, issuedAt, expiresAt }: UserSession): Promise<string> {
    const newest = this.#newest ?? (await this.#fetch());
    const isNone = chats !== '*' && chats.length === 0;
    const maker = { ...(key !== undefined && { key }), ...(open === true && { open }) };
    return new SignJWT({ ...(!isNone && { chats }), can: scopes, ...maker })
      .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT', kid: newest.kid })
      .setIssuer(ISSUER)
      .setAudience(token)
      .setSubject(user)
      .setIssuedAt(issuedAt)
      .setExpirationTime(expiresAt)
      .sign(newest.key);
  }

  #fetch(): Promise<NonNullable<Signer['key']>> {
    this.#fetching ??= this.#fetchNewest().finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #fetchNewest(): Promise<NonNullable<Signer['key']>> {
    let found = await this.keys.signingKey();
    if (found === undefined) {
      await this.keys.addSigningKey(await newSigningKey(this.now()));
      // Another program may have made one at the same time: both count, the store says which one signs.
      found = await this.keys.signingKey();
    }
    if (found === undefined) throw new Error('the store has lost the signing key that was just made');
    this.#newest = { kid: found.kid, key: await importJWK(JSON.parse(found.privateKey) as JWK, ALGORITHM) };
    return this.#newest;
  }
}

/**
 * Adds a newer signing key: from now on it signs. The tokens of the others stay valid until they end, or with `endsOthers`
 * end now. Returns its id.
 */
export async function rotateSigningKey(
  keys: Pick<KeyStore, 'addSigningKey' | 'dropSigningKeys'>,
  { endsOthers = false, now = Date.now() }: { readonly endsOthers?: boolean; readonly now?: number } = {},
): Promise<string> {
  const key = await newSigningKey(now);
  await keys.addSigningKey(key);
  if (endsOthers) await keys.dropSigningKeys(now + DAY_MS); // the newest one stays, whatever the clocks of others say
  return key.kid;
}

/** The keys that were created before this time can be dropped: all their tokens have ended. Undefined: none can. */
export function droppableBefore(created: readonly number[], now: number): number | undefined {
  const before = now - USER_TOKEN_SECONDS_MAX * 1_000 - HEARD_WITHIN_MS;
  const newer = created.filter((at) => at <= before);
  const newest = Math.max(...newer);
  return newer.some((at) => at < newest) ? newest : undefined;
}

async function newSigningKey(createdAt: number): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
  const [shown, kept] = await Promise.all([exportJWK(publicKey), exportJWK(privateKey)]);
  return {
    kid: crypto.randomUUID(),
    publicKey: JSON.stringify(shown),
    privateKey: JSON.stringify(kept),
    createdAt,
  };
}
