import { describe, expect, test } from 'bun:test';
import { Forbidden, NotFound, newSecretKey, type Scope, Unauthenticated } from '@parley/domain';
import type { OperationId } from '../contract/operations.ts';
import { ADMIN_KEY, OTHER, OWN, openedAccess, outcome } from '../testing/opened-access.ts';

describe('in open mode', () => {
  test('everybody may do everything, whatever credential is sent', async () => {
    const { ask, keys } = await openedAccess({ keyed: false });
    for (const authorization of [undefined, 'Basic eDp5', 'Bearer', 'Bearer x', `Bearer ${newSecretKey(OTHER)}`, 'x']) {
      for (const id of ['createApplication', 'deleteApplication', 'listDeadLetters', 'getMessage'] as const) {
        const caller = ask(id, authorization);
        expect(caller).not.toBeInstanceOf(Promise);
        expect(caller).toEqual({ kind: 'anyone' });
      }
    }
    expect(keys.lookups).toEqual([]);
  });

  test('a token of somebody else’s is ignored', async () => {
    const { ask } = await openedAccess({ keyed: false });
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const foreign = `${part({ alg: 'none' })}.${part({ iss: 'them' })}.x`;
    expect(ask('getMessage', `Bearer ${foreign}`)).toEqual({ kind: 'anyone' });
  });
});

describe('with keys', () => {
  test('no credential and a malformed one are told apart', async () => {
    const { ask, keys } = await openedAccess();
    const given = (authorization?: string): boolean => {
      try {
        void ask('getMessage', authorization);
      } catch (error) {
        if (error instanceof Unauthenticated) return error.given;
      }
      throw new Error('admitted');
    };
    expect(given()).toBe(false);
    const key = newSecretKey(OWN);
    const mistyped = `${key.slice(0, -1)}${key.endsWith('a') ? 'b' : 'a'}`;
    for (const text of ['', 'Bearer', 'Bearer  ', 'Basic eDp5', key, `Bearer ${key} ${key}`, `Bearer ${mistyped}`]) {
      expect(given(text), text).toBe(true);
    }
    expect(keys.lookups).toEqual([]);
  });

  test('an admin key of the environment may do everything, also while the store is away', async () => {
    const { ask, keys } = await openedAccess({ adminKeys: ['x'.repeat(32), ADMIN_KEY] });
    keys.away = true;
    for (const id of ['createApplication', 'getMessage', 'listDeadLetters', 'createKey'] as const) {
      expect(ask(id, `Bearer ${ADMIN_KEY}`)).toMatchObject({ kind: 'admin' });
      expect(ask(id, `Bearer ${'x'.repeat(32)}`)).toMatchObject({ kind: 'admin' });
    }
    expect(await outcome(() => ask('getMessage', `Bearer ${ADMIN_KEY}x`))).toBe('Unauthenticated');
  });

  test('a key is looked up once, then known without a promise, however its header is written', async () => {
    const { ask, keys } = await openedAccess();
    const { text, id } = keys.make(OWN);
    const both = [ask('getMessage', `Bearer ${text}`), ask('getMessage', `bearer   ${text} `)];
    expect(await both[0]).toMatchObject({ kind: 'key', token: OWN, key: id });
    expect(await both[1]).toBe((await both[0]) as never);
    for (const header of [`Bearer ${text}`, `BEARER  ${text}`]) {
      expect(ask('getMessage', header)).not.toBeInstanceOf(Promise);
    }
    expect(keys.lookups).toHaveLength(1);
  });

  test('a key that the store does not have is not asked for again for ten seconds', async () => {
    const { ask, keys, clock } = await openedAccess();
    const header = `Bearer ${newSecretKey(OWN)}`;
    for (let time = 0; time < 3; time += 1) {
      expect(await outcome(() => ask('getMessage', header))).toBe('Unauthenticated');
    }
    expect(keys.lookups).toHaveLength(1);
    await clock.advance(10_001);
    expect(await outcome(() => ask('getMessage', header))).toBe('Unauthenticated');
    expect(keys.lookups).toHaveLength(2);
  });

  test('another application does not exist for a key, known or not, before its rights are looked at', async () => {
    const { ask, keys } = await openedAccess();
    const known = keys.make(OWN, { scopes: ['messages:read'] }).text;
    await ask('getMessage', `Bearer ${known}`);
    const looked = keys.lookups.length;
    for (const key of [known, newSecretKey(OWN)]) {
      for (const token of [OTHER, 'garbage', OWN.toUpperCase(), undefined]) {
        for (const [id, what] of [
          ['getMessage', 'message'],
          ['createMessages', 'chat'],
          ['listMessages', 'chat'],
          ['markRead', 'chat'],
          ['getApplication', 'application'],
          ['deleteApplication', 'application'],
          ['revokeKey', 'application'],
        ] as const) {
          let error: unknown;
          try {
            void ask(id, `Bearer ${key}`, { number: '1', message: '1', ...(token && { token }) });
          } catch (thrown) {
            error = thrown;
          }
          expect(error).toBeInstanceOf(NotFound);
          expect((error as NotFound).what).toBe(what);
        }
      }
    }
    expect(keys.lookups).toHaveLength(looked);
  });

  test('a key may do what its scopes say', async () => {
    const { tried, keys } = await openedAccess();
    const may: Readonly<Record<Scope, OperationId>> = {
      'messages:read': 'listMessages',
      'messages:write': 'createMessage',
      manage: 'createChat',
      keys: 'createKey',
    };
    for (const scope of Object.keys(may) as Scope[]) {
      const header = `Bearer ${keys.make(OWN, { scopes: [scope] }).text}`;
      for (const [other, id] of Object.entries(may)) {
        expect(await tried(id, header), `${scope} ${id}`).toBe(other === scope ? 'key' : 'Forbidden');
      }
      expect(await tried('createSession', header)).toBe('key');
      for (const id of ['createApplication', 'deleteApplication', 'updateLimits', 'listDeadLetters'] as const) {
        expect(await tried(id, header), id).toBe('Forbidden');
      }
    }
  });

  test('what is forbidden names the missing scope, and no credential', async () => {
    const { ask, keys } = await openedAccess();
    const { text } = keys.make(OWN, { scopes: ['messages:read'] });
    const asked = Promise.resolve(ask('createMessage', `Bearer ${text}`));
    await expect(asked).rejects.toEqual(new Forbidden('This needs a credential with the scope messages:write.'));
  });

  test('an admin key of the store does what one of the environment does, until it ends', async () => {
    const { ask, keys, clock } = await openedAccess();
    const { text } = keys.make(undefined, { expiresAt: clock.now() + 60_000 });
    expect(await outcome(() => ask('createApplication', `Bearer ${text}`, {}))).toBe('admin');
    expect(await outcome(() => ask('listDeadLetters', `Bearer ${text}`, {}))).toBe('admin');
    await clock.advance(60_000);
    expect(await outcome(() => ask('listDeadLetters', `Bearer ${text}`, {}))).toBe('Unauthenticated');
  });

  test('a key ends at its time, looked up before or not', async () => {
    const { ask, keys, clock } = await openedAccess();
    const expiresAt = clock.now() + 1_000;
    const [known, unknown] = [keys.make(OWN, { expiresAt }).text, keys.make(OWN, { expiresAt }).text];
    expect(await outcome(() => ask('getMessage', `Bearer ${known}`))).toBe('key');
    await clock.advance(999);
    expect(await outcome(() => ask('getMessage', `Bearer ${known}`))).toBe('key');
    await clock.advance(1);
    expect(await outcome(() => ask('getMessage', `Bearer ${known}`))).toBe('Unauthenticated');
    expect(await outcome(() => ask('getMessage', `Bearer ${unknown}`))).toBe('Unauthenticated');
  });

  test('refusals are counted by reason, without the credential', async () => {
    const { tried, keys, registry } = await openedAccess();
    const { text } = keys.make(OWN, { scopes: ['manage'] });
    const unknown = newSecretKey(OWN);
    for (const header of [undefined, 'Bearer x', `Bearer ${unknown}`, `Bearer ${text}`]) {
      await tried('getMessage', header);
    }
    await tried('getMessage', `Bearer ${text}`, { token: OTHER });
    const metrics = await registry.metrics();
    for (const reason of ['none', 'malformed', 'unknown', 'forbidden', 'outside']) {
      expect(metrics).toContain(`parley_access_refused_total{reason="${reason}",program="test"} 1`);
    }
    expect(metrics).toContain('parley_access_lookups_total{program="test"} 2');
    expect(metrics).not.toContain(unknown);
    expect(metrics).not.toContain(text);
  });
});
