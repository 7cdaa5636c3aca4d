import { expect, test } from 'bun:test';
import {
  type AccessKey,
  type Application,
  type Caller,
  Forbidden,
  Gone,
  hashOfKey,
  NotFound,
  newToken,
  parseSecretKey,
  type Scope,
  Unauthenticated,
} from '@parley/domain';
import { RequestProblem } from '@parley/http';
import { createLogger } from '@parley/runtime';
import { failure } from '@parley/testing';
import { accessHandlers } from './access-handlers.ts';
import type { ApiParts } from './parts.ts';

const token = newToken();
const anyone: Caller = { kind: 'anyone' };
const own: AccessKey = { id: 'k1', token, name: 'own', scopes: ['keys'], createdAt: 0 };
const keyWith = (...scopes: Scope[]): Caller => ({ kind: 'key', token, key: own.id, scopes: new Set(scopes) });
const asked = (caller: Caller) => ({ caller, token, quota: undefined, path: '', query: {} });
const inAMinute = () => new Date(Date.now() + 60_000).toISOString();

/** Handlers over a store with these keys. `absentReads`: how many reads find no application. */
function handlersOver({
  keys = [own] as readonly AccessKey[],
  absentReads = 0,
  application = async () => ({ token }) as Application,
  revokes = true,
} = {}) {
  const added: { key: AccessKey; hash: string }[] = [];
  const issued: unknown[] = [];
  const revoked: unknown[] = [];
  let reads = 0;
  let fences = 0;
  const parts = {
    store: {
      application: async () => (++reads <= absentReads ? undefined : application()),
      reached: async () => {},
    },
    events: { fence: async () => ++fences },
    keys: {
      addKey: async (key: AccessKey, hash: string) => void added.push({ key, hash }),
      keys: async () => keys,
    },
    access: {
      revokeKey: async (...asked: unknown[]) => {
        revoked.push(asked);
        return revokes;
      },
      issueUserToken: async (...asked: unknown[]) => {
        issued.push(asked);
        return { accessToken: 'signed', expiresAt: 3_000 };
      },
    },
    logger: createLogger('test', 'silent'),
  } as unknown as ApiParts;
  return { handlers: accessHandlers(parts), added, issued, revoked, fences: () => fences };
}

test('a key is shown once and kept as its hash; it names its application', async () => {
  const { handlers, added, fences } = handlersOver({ absentReads: 1 });
  const body = { name: 'Web', scopes: ['messages:read' as const], expires_at: inAMinute() };
  const created = await handlers.createKey({ ...asked(anyone), body });
  expect(created).toMatchObject({ type: 'key', ...body });
  expect(parseSecretKey(created.secret_key)).toEqual({ token });
  expect(added).toHaveLength(1);
  expect(added[0]?.hash).toBe(hashOfKey(created.secret_key));
  expect(added[0]?.key).toMatchObject({ token, name: 'Web', expiresAt: Date.parse(body.expires_at) });
  expect(JSON.stringify(added)).not.toContain(created.secret_key);
  expect(fences()).toBe(1); // its application may be accepted, but not stored yet
});

test('a key has all scopes and no end unless the request says so', async () => {
  const { handlers } = handlersOver();
  const created = await handlers.createKey({ ...asked({ kind: 'admin' }), body: { name: 'All' } });
  expect(created.scopes).toEqual(['messages:read', 'messages:write', 'manage', 'keys']);
  expect(created).not.toHaveProperty('expires_at');
});

test.each(['yesterday', '2020-01-01T00:00:00Z'])('a key that ends at %s is a 422', async (expires_at) => {
  const { handlers, added } = handlersOver();
  const error = await failure(
    Promise.resolve(handlers.createKey({ ...asked(anyone), body: { name: 'x', expires_at } })),
  );
  expect(error).toBeInstanceOf(RequestProblem);
  expect(error).toMatchObject({ status: 422, errors: [{ path: '/expires_at' }] });
  expect(added).toEqual([]);
});

test('a key gives only its own scopes, and no later end than its own', async () => {
  const end = Date.now() + 60_000;
  const { handlers, added } = handlersOver({ keys: [{ ...own, expiresAt: end }] });
  const create = (body: { scopes?: Scope[]; expires_at?: string }) =>
    Promise.resolve(handlers.createKey({ ...asked(keyWith('keys', 'messages:read')), body: { name: 'x', ...body } }));
  const at = (ms: number) => new Date(ms).toISOString();
  expect(await failure(create({ scopes: ['keys', 'manage'], expires_at: at(end) }))).toBeInstanceOf(Forbidden);
  expect(await failure(create({ expires_at: at(end) }))).toBeInstanceOf(Forbidden);
  expect(await failure(create({ scopes: ['keys'] }))).toBeInstanceOf(Forbidden);
  expect(await failure(create({ scopes: ['keys'], expires_at: at(end + 1_000) }))).toBeInstanceOf(Forbidden);
  expect(added).toEqual([]);
  await create({ scopes: ['keys', 'messages:read'], expires_at: at(end) });
  expect(added).toHaveLength(1);
});

test('a key that was revoked a moment ago makes no other', async () => {
  const { handlers, added } = handlersOver({ keys: [] });
  const body = { name: 'x', scopes: ['keys' as const] };
  const created = handlers.createKey({ ...asked(keyWith('keys')), body });
  expect(await failure(Promise.resolve(created))).toBeInstanceOf(Unauthenticated);
  expect(added).toEqual([]);
});

test('keys and sessions of an application that does not exist, or was deleted, are a 404', async () => {
  for (const application of [async () => undefined, () => Promise.reject(new Gone('application'))]) {
    const { handlers } = handlersOver({ application: application as never, revokes: false });
    for (const call of [
      () => handlers.createKey({ ...asked(anyone), body: { name: 'x' } }),
      () => handlers.listKeys(asked(anyone)),
      () => handlers.revokeKey({ ...asked(anyone), key: 'k1' }),
      () => handlers.createSession({ ...asked(anyone), body: { user_id: 'anna' } }),
    ]) {
      const error = await failure(Promise.resolve(call()));
      expect(error).toBeInstanceOf(NotFound);
      expect(error).toMatchObject({ what: 'application' });
    }
  }
});

test('a list shows no hash and no secret', async () => {
  const { handlers } = handlersOver({ keys: [own, { ...own, id: 'k2', expiresAt: 3, lastUsedAt: 3_600_000 }] });
  const key = { name: 'own', scopes: ['keys'], created_at: '1970-01-01T00:00:00.000Z' };
  expect(await handlers.listKeys(asked(anyone))).toEqual([
    { id: 'k1', ...key } as never,
    { id: 'k2', ...key, expires_at: '1970-01-01T00:00:00.003Z', last_used_at: '1970-01-01T01:00:00.000Z' } as never,
  ]);
});

test('a key is revoked in its application; one of another application does not exist', async () => {
  const { handlers, revoked } = handlersOver();
  await handlers.revokeKey({ ...asked(anyone), key: 'k1' });
  expect(revoked).toEqual([[token, 'k1']]);
  const other = handlersOver({ revokes: false });
  const error = await failure(Promise.resolve(other.handlers.revokeKey({ ...asked(anyone), key: 'other' })));
  expect(error).toBeInstanceOf(NotFound);
  expect(error).toMatchObject({ what: 'key' });
});

test('a session is made by its caller, for an application that may not be stored yet', async () => {
  const { handlers, issued, fences } = handlersOver({ absentReads: 1 });
  const caller = keyWith('messages:read');
  const body = { user_id: 'anna', chats: [2, 1], can: ['messages:read' as const], ttl_s: 60 };
  expect(await handlers.createSession({ ...asked(caller), body })).toEqual({
    ...{ type: 'session', access_token: 'signed', user_id: 'anna', expires_at: '1970-01-01T00:00:03.000Z' },
  });
  expect(issued).toEqual([[caller, { token, user: 'anna', chats: [2, 1], can: ['messages:read'], seconds: 60 }]]);
  expect(fences()).toBe(1);
});
