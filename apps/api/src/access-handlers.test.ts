import { expect, test } from 'bun:test';
import {
  type AccessHint,
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
  Unavailable,
} from '@parley/domain';
import { RequestProblem, type UserSession } from '@parley/http';
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
  hintFails = false,
} = {}) {
  const added: { key: AccessKey; hash: string }[] = [];
  const signed: UserSession[] = [];
  const told: AccessHint[] = [];
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
      revokeKey: async () => revokes,
    },
    hints: {
      tell: async (hint: AccessHint) => {
        if (hintFails) throw new Unavailable('numbers', 'away');
        told.push(hint);
      },
    },
    userTokens: {
      sign: async (session: UserSession) => {
        signed.push(session);
        return 'signed';
      },
    },
    logger: createLogger('test', 'silent'),
  } as unknown as ApiParts;
  return { handlers: accessHandlers(parts), added, signed, told, fences: () => fences };
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

test('a key that was revoked a moment ago makes nothing', async () => {
  const { handlers, added, signed } = handlersOver({ keys: [] });
  const caller = keyWith('keys', 'messages:read');
  const body = { name: 'x', scopes: ['keys' as const] };
  expect(await failure(Promise.resolve(handlers.createKey({ ...asked(caller), body })))).toBeInstanceOf(
    Unauthenticated,
  );
  const session = handlers.createSession({ ...asked(caller), body: { user_id: 'anna' } });
  expect(await failure(Promise.resolve(session))).toBeInstanceOf(Unauthenticated);
  expect([...added, ...signed]).toEqual([]);
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

test('a revoked key is told to all programs; it is revoked also if that fails', async () => {
  const { handlers, told } = handlersOver();
  await handlers.revokeKey({ ...asked(anyone), key: 'k1' });
  expect(told).toEqual([{ kind: 'revoked', id: 'k1' }]);
  await handlersOver({ hintFails: true }).handlers.revokeKey({ ...asked(anyone), key: 'k1' });
});

test('a key of another application does not exist', async () => {
  const { handlers, told } = handlersOver({ revokes: false });
  const error = await failure(Promise.resolve(handlers.revokeKey({ ...asked(anyone), key: 'other' })));
  expect(error).toBeInstanceOf(NotFound);
  expect(error).toMatchObject({ what: 'key' });
  expect(told).toEqual([]);
});

test('a session is for its user, in these chats only, for an hour unless the request says so', async () => {
  const { handlers, signed, fences } = handlersOver({ absentReads: 1 });
  const before = Math.floor(Date.now() / 1_000);
  const session = await handlers.createSession({ ...asked(anyone), body: { user_id: 'anna', chats: [2, 1, 2] } });
  const [claims] = signed;
  expect(claims).toMatchObject({ token, user: 'anna', chats: [2, 1], scopes: ['messages:read', 'messages:write'] });
  expect(claims?.key).toBeUndefined();
  expect(claims?.issuedAt).toBeWithin(before, before + 60);
  expect((claims?.expiresAt ?? 0) - (claims?.issuedAt ?? 0)).toBe(3_600);
  expect(session).toEqual({
    ...{ type: 'session', access_token: 'signed', user_id: 'anna' },
    expires_at: new Date((claims?.expiresAt ?? 0) * 1_000).toISOString(),
  });
  expect(fences()).toBe(1);
});

test('a session without chats has none, and one for all has all', async () => {
  const { handlers, signed } = handlersOver();
  await handlers.createSession({ ...asked(anyone), body: { user_id: 'a' } });
  await handlers.createSession({ ...asked(anyone), body: { user_id: 'a', chats: '*', ttl_s: 60 } });
  expect(signed.map(({ chats }) => chats)).toEqual([[], '*']);
});

test('a session of an admin key of the database names that too, and ends no later; one of the environment is not named', async () => {
  const end = Date.now() + 61_500;
  const { handlers, signed } = handlersOver({ keys: [{ ...own, token: undefined, scopes: [], expiresAt: end }] });
  await handlers.createSession({ ...asked({ kind: 'admin', key: own.id }), body: { user_id: 'a' } });
  await handlers.createSession({ ...asked({ kind: 'admin' }), body: { user_id: 'a' } });
  expect(signed).toMatchObject([{ key: own.id, expiresAt: Math.floor(end / 1_000) }, { key: undefined }]);
  await handlers.createKey({ ...asked({ kind: 'admin', key: own.id }), body: { name: 'without an end' } });
});

test('a session has only what its key has, names the key, and ends no later', async () => {
  const end = Date.now() + 61_500;
  const { handlers, signed } = handlersOver({ keys: [{ ...own, expiresAt: end }] });
  const create = (caller: Caller, can?: ('messages:read' | 'messages:write')[]) =>
    Promise.resolve(handlers.createSession({ ...asked(caller), body: { user_id: 'a', ...(can && { can }) } }));
  await create(keyWith('messages:read', 'manage'));
  expect(signed).toMatchObject([{ scopes: ['messages:read'], key: 'k1', expiresAt: Math.floor(end / 1_000) }]);
  expect(await failure(create(keyWith('messages:read'), ['messages:write']))).toBeInstanceOf(Forbidden);
  expect(await failure(create(keyWith('manage', 'keys')))).toBeInstanceOf(Forbidden);
  expect(signed).toHaveLength(1);
});

test('a session that an admin key of the store makes names the key, and ends no later; one of the environment has no end', async () => {
  const end = Date.now() + 61_500;
  const { handlers, signed } = handlersOver({ keys: [{ ...own, token: undefined, expiresAt: end }] });
  const create = async (caller: Caller) =>
    handlers.createSession({ ...asked(caller), body: { user_id: 'a', ttl_s: 600 } });
  await create({ kind: 'admin', key: own.id });
  await create({ kind: 'admin' });
  const [stored, environment] = signed;
  expect(stored).toMatchObject({ key: own.id, expiresAt: Math.floor(end / 1_000) });
  expect(environment?.key).toBeUndefined();
  expect((environment?.expiresAt ?? 0) - (environment?.issuedAt ?? 0)).toBe(600);
  expect(await failure(create({ kind: 'admin', key: 'revoked' }))).toBeInstanceOf(Unauthenticated);
});

test('an admin key that ends makes secret keys that do not', async () => {
  const { handlers } = handlersOver({ keys: [{ ...own, token: undefined, expiresAt: Date.now() + 61_500 }] });
  const created = await handlers.createKey({ ...asked({ kind: 'admin', key: own.id }), body: { name: 'x' } });
  expect(created).not.toHaveProperty('expires_at');
});

test('a session says whether it was made without a key', async () => {
  const { handlers, signed } = handlersOver();
  for (const caller of [anyone, keyWith('messages:read'), { kind: 'admin' } as const]) {
    await handlers.createSession({ ...asked(caller), body: { user_id: 'a' } });
  }
  expect(signed.map(({ open }) => open)).toEqual([true, false, false]);
});
