/**
 * Keys and user tokens of an application. What a key gives to others is never more than it has: the same scopes at
 * most, and no later end.
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
} from '@parley/domain';
import { type FieldError, givenTime, type Handlers, NO_TIME, wrongBody } from '@parley/http';
import type { ApiParts } from './parts.ts';
import { owning } from './read-your-writes.ts';

type AccessHandlers = Handlers<'createKey' | 'listKeys' | 'revokeKey' | 'createSession'>;

export function accessHandlers(parts: ApiParts): AccessHandlers {
  const { store, events, keys, access } = parts;
  const demandApplication = (token: Token) =>
    owning({ events, store }, token, 'application', () => store.application(token));

  /**
   * When the caller's own key ends; undefined: never, or it has none. The store is asked: a key that was revoked a moment
   * ago, which this program may not know yet, must not leave another one behind.
   */
  const endOf = async (caller: Caller): Promise<number | undefined> => {
    if (caller.kind !== 'key') return undefined;
    const own = (await keys.keys(caller.token)).find(({ id }) => id === caller.key);
    if (own === undefined) throw new Unauthenticated('The key was revoked.', true);
    return own.expiresAt;
  };

  return {
    createKey: async ({ caller, token, body }) => {
      const expiresAt = body.expires_at === undefined ? undefined : futureTime(body.expires_at);
      const scopes = body.scopes ?? SCOPES;
      demandScopes(caller, scopes);
      const end = await endOf(caller);
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
      if (await access.revokeKey(token, key)) return;
      await demandApplication(token);
      throw new NotFound('key');
    },
    createSession: async ({ caller, token, body }) => {
      await demandApplication(token);
      const { user_id: user, chats, can, ttl_s: seconds } = body;
      const { accessToken, expiresAt } = await access.issueUserToken(caller, { token, user, chats, can, seconds });
      return {
        ...{ type: 'session' as const, access_token: accessToken, user_id: user },
        expires_at: timeView(expiresAt),
      };
    },
  };
}

/** Throws Forbidden if a key would give a scope that it does not have. */
function demandScopes(caller: Caller, scopes: readonly Scope[]): void {
  if (caller.kind !== 'key') return;
  const missing = scopes.filter((scope) => !caller.scopes.has(scope));
  if (missing.length > 0) throw new Forbidden(`The key does not have this itself: ${missing.join(', ')}.`);
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
