/** The claims of a user token, read strictly: a text that lacks one, or has another type, is no user token. */
import { parseId, parseNumber, parseToken, type Token, USER_SCOPES, type UserScope } from '@parley/domain';

export const ISSUER = 'parley';
export const ALGORITHM = 'EdDSA';

export interface Claims {
  readonly aud: Token;
  readonly sub: string;
  readonly chats: '*' | ReadonlySet<number>;
  readonly can: ReadonlySet<UserScope>;
  /** Seconds since 1970. */
  readonly exp: number;
  readonly nbf: number | undefined;
  /** The key that made the token. */
  readonly key: string | undefined;
  /** Whether no key was needed to make it. */
  readonly open: boolean;
}

export interface UnverifiedToken {
  readonly kid: string;
  readonly claims: Claims;
}

/** A JSON Web Token: three parts in base64url, of which the first begins with `{"`. The signature may be empty (`none`). */
const SHAPE = /^(eyJ[\w-]{1,1000})\.([\w-]{1,12000})\.[\w-]{0,1000}$/;

/** Whether a credential says that it is a user token of ours, also a wrong one. */
export function isUserToken(credential: string): boolean {
  const [, , payload] = SHAPE.exec(credential) ?? [];
  return payload !== undefined && objectOf(payload)?.iss === ISSUER;
}

/** What a token says. Nothing of it is verified. Undefined if it cannot be a user token of ours. */
export function readToken(credential: string): UnverifiedToken | undefined {
  const [, head, payload] = SHAPE.exec(credential) ?? [];
  if (head === undefined || payload === undefined) return undefined;
  const header = objectOf(head);
  if (header?.alg !== ALGORITHM || header.typ !== 'JWT' || typeof header.kid !== 'string') return undefined;
  const claims = claimsOf(objectOf(payload));
  return claims && { kid: header.kid, claims };
}

function claimsOf(payload: Readonly<Record<string, unknown>> | undefined): Claims | undefined {
  if (payload?.iss !== ISSUER) return undefined;
  const { aud, sub, exp, nbf, key, open, chats, can } = payload;
  const token = typeof aud === 'string' ? parseToken(aud) : undefined;
  const user = typeof sub === 'string' ? parseId(sub) : undefined;
  const seen = chatsOf(chats);
  const scopes = scopesOf(can);
  if (token === undefined || user === undefined || seen === undefined || scopes === undefined) return undefined;
  if (typeof exp !== 'number' || (nbf !== undefined && typeof nbf !== 'number')) return undefined;
  if (key !== undefined && typeof key !== 'string') return undefined;
  if (open !== undefined && open !== true) return undefined;
  return { aud: token, sub: user, chats: seen, can: scopes, exp, nbf, key, open: open === true };
}

/** Without the claim, no chat exists for the user. */
function chatsOf(claim: unknown): '*' | ReadonlySet<number> | undefined {
  if (claim === undefined) return new Set();
  if (claim === '*') return '*';
  if (!Array.isArray(claim)) return undefined;
  const numbers = claim.map((each) => (typeof each === 'number' ? parseNumber(String(each)) : undefined));
  const known = numbers.filter((number) => number !== undefined);
  return known.length === claim.length ? new Set(known) : undefined;
}

function scopesOf(claim: unknown): ReadonlySet<UserScope> | undefined {
  if (!Array.isArray(claim)) return undefined;
  const known = USER_SCOPES.filter((scope) => claim.includes(scope));
  return known.length === claim.length ? new Set(known) : undefined;
}

function objectOf(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}
