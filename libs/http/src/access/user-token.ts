/** What a user token may say, by the rights of the caller that asks for it. */
import {
  type Caller,
  Forbidden,
  type Token,
  USER_SCOPES,
  USER_TOKEN_SECONDS_DEFAULT,
  type UserScope,
} from '@parley/domain';
import type { UserClaims } from './signing.ts';

export interface UserTokenRequest {
  readonly token: Token;
  readonly user: string;
  /** Undefined: no chat. */
  readonly chats?: '*' | readonly number[] | undefined;
  /** Undefined: all that the caller may give. */
  readonly can?: readonly UserScope[] | undefined;
  readonly seconds?: number | undefined;
}

/** Times are seconds since 1970. `callerEndsAt`: milliseconds; the token does not outlive it. */
export function userTokenOf(
  caller: Caller,
  { token, user, chats, can, seconds = USER_TOKEN_SECONDS_DEFAULT }: UserTokenRequest,
  now: number,
  callerEndsAt: number | undefined,
): { readonly claims: UserClaims; readonly issuedAt: number; readonly endsAt: number } {
  const issuedAt = Math.floor(now / 1_000);
  const endsAt = Math.min(issuedAt + seconds, Math.floor((callerEndsAt ?? Number.POSITIVE_INFINITY) / 1_000));
  const key = caller.kind === 'key' ? caller.key : undefined;
  return { claims: { aud: token, sub: user, chats, can: scopesOf(caller, can), key }, issuedAt, endsAt };
}

function scopesOf(caller: Caller, asked: readonly UserScope[] | undefined): readonly UserScope[] {
  if (caller.kind === 'user') throw new Forbidden('A user token cannot make another.');
  const given = USER_SCOPES.filter((scope) => caller.kind !== 'key' || caller.scopes.has(scope));
  if (given.length === 0) throw new Forbidden('The key has no scope that a user token could have.');
  const missing = asked?.find((scope) => !given.includes(scope));
  if (missing !== undefined)
    throw new Forbidden(`The key lacks the scope ${missing}, so its user tokens cannot have it.`);
  return asked ?? given;
}
