/**
 * Keys and user tokens of an application. What a secret key gives to others is never more than it has: the same scopes
 * at most, and no later end. An admin key may make every secret key; the user tokens that it makes end with it.
 */
import { randomUUID } from 'node:crypto';
import {
  type AccessKey,
  type Caller,
  Forbidden,
  hashOfKey,
  NotFound,
  newSecretKey,
  SCOPES,
  type Scope,
  type Token,
  Unauthenticated,
  USER_SCOPES,
  USER_TOKEN_SECONDS_DEFAULT,
  type UserScope,
} from '@parley/domain';
import { type FieldError, givenTime, type Handlers, NO_TIME, wrongBody } from '@parley/http';
import type { ApiParts } from './parts.ts';
import { owning } from './read-your-writes.ts';
import { tellHint } from './tell-hint.ts';

type AccessHandlers = Handlers<'createKey' | 'listKeys' | 'revokeKey' | 'createSession'>;

export function accessHandlers(parts: ApiParts): AccessHandlers {
  const { store, events, keys, userTokens } = parts;
  const demandApplication = (token: Token) =>
    owning({ events, store }, token, 'application', () => store.application(token));

  /** When the caller's own key ends; undefined: never, or the store has none. */
  const endOf = async (caller: Caller): Promise<number | undefined> => {
    const key = keyOf(caller);
    if (key === undefined) return undefined;
    const own = (await keys.keys(caller.kind === 'key' ? caller.token : undefined)).find(({ id }) => id === key);
    if (own === undefined) throw new Unauthenticated('The key was revoked.', true);
    return own.expiresAt;
  };

  return {
    createKey: async ({ caller, token, body }) => {
      const expiresAt = body.expires_at === undefined ? undefined : futureTime(body.expires_at);
      const scopes = body.scopes ?? SCOPES;
      demandScopes(caller, scopes);
      const end = caller.kind === 'key' ? await endOf(caller) : undefined;
      if (end !== undefined && (expiresAt === undefined || expiresAt > end)) {
        throw new Forbidden('A key can make only keys that end when it ends, or before.');
      }
      await demandApplication(token);
      const secret = newSecretKey(token);
      const key = { id: randomUUID(), token, name: body.name, scopes, createdAt: Date.now(), expiresAt };
      await keys.addKey(key, hashOfKey(secret));
      return { type: 'key' as const, ...keyView(key), secret_key: secret };
    },
    listKeys: async ({ token }) => {
      await demandApplication(token);
      return (await keys.keys(token)).map((key) => ({
        ...keyView(key),
        ...(key.lastUsedAt !== undefined && { last_used_at: timeView(key.lastUsedAt) }),
      }));
    },
    revokeKey: async ({ token, key }) => {
      if (!(await keys.revokeKey(token, key))) {
        await demandApplication(token);
        throw new NotFound('key');
      }
      await tellHint(parts, { kind: 'revoked', id: key });
    },
    createSession: async ({ caller, token, body }) => {
      const can = body.can ?? userScopesOf(caller);
      if (can.length === 0) throw new Forbidden('The key has no scope that a user token can have.');
      demandScopes(caller, can);
      const end = await endOf(caller);
      await demandApplication(token);
      const issuedAt = Math.floor(Date.now() / 1_000);
      const asked = issuedAt + (body.ttl_s ?? USER_TOKEN_SECONDS_DEFAULT);
      const expiresAt = end === undefined ? asked : Math.min(asked, Math.floor(end / 1_000));
      const { user_id } = body;
      const access_token = await userTokens.sign({
        ...{ token, user: user_id, chats: chatsIn(body.chats), scopes: can },
        ...{ key: keyOf(caller), open: caller.kind === 'anyone', issuedAt, expiresAt },
      });
      return { type: 'session' as const, access_token, user_id, expires_at: timeView(expiresAt * 1_000) };
    },
  };
}

/** The id of the caller's own key in the store. */
function keyOf(caller: Caller): string | undefined {
  return caller.kind === 'key' || caller.kind === 'admin' ? caller.key : undefined;
}

/** Throws Forbidden if a key would give a scope that it does not have. */
function demandScopes(caller: Caller, scopes: readonly Scope[]): void {
  if (caller.kind !== 'key') return;
  const missing = scopes.filter((scope) => !caller.scopes.has(scope));
  if (missing.length > 0) throw new Forbidden(`The key does not have this itself: ${missing.join(', ')}.`);
}

function userScopesOf(caller: Caller): readonly UserScope[] {
  return caller.kind === 'key' ? USER_SCOPES.filter((scope) => caller.scopes.has(scope)) : USER_SCOPES;
}

function chatsIn(chats: '*' | readonly number[] = []): '*' | readonly number[] {
  return chats === '*' ? chats : [...new Set(chats)];
}

/** Reads a time that must be in the future. Throws a 422 if it is not. */
function futureTime(text: string): number {
  const time = givenTime(text);
  const errors: FieldError[] = [];
  if (time === undefined) errors.push({ path: '/expires_at', message: NO_TIME });
  else if (time <= Date.now()) errors.push({ path: '/expires_at', message: 'must be in the future' });
  if (time === undefined || errors.length > 0) throw wrongBody(errors);
  return time;
}

function keyView({ id, name, scopes, createdAt, expiresAt }: AccessKey) {
  return {
    ...{ id, name, scopes: [...scopes], created_at: timeView(createdAt) },
    ...(expiresAt !== undefined && { expires_at: timeView(expiresAt) }),
  };
}

function timeView(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
