import { expect, test } from 'bun:test';
import { newSecretKey } from '@parley/domain';
import { ADMIN_KEY, OWN, openedAccess } from '../testing/opened-access.ts';

const MINUTE_MS = 60_000;

test('a program that starts without ADMIN_KEY is keyed if the installation is', async () => {
  const first = await openedAccess({ keyed: false, adminKeys: [ADMIN_KEY] });
  expect(first.keys.keyed).toBe(true);
  const second = await openedAccess({ keys: first.keys, clock: first.clock });
  for (const { access, tried } of [first, second]) {
    expect(access.isKeyed).toBe(true);
    expect(await tried('getMessage')).toBe('Unauthenticated');
  }
});

test('all programs follow when keys are turned on, by a hint at once, else by the next look; and back', async () => {
  const its = await openedAccess({ keyed: false });
  expect(await its.tried('getMessage')).toBe('anyone');
  its.keys.keyed = true;
  await its.hints.tell({ kind: 'changed' });
  expect(await its.tried('getMessage', 'Bearer x')).toBe('Unauthenticated');
  const { text } = its.keys.make(OWN);
  expect(await its.tried('getMessage', `Bearer ${text}`)).toBe('key');
  its.keys.keyed = false;
  await its.clock.advance(5_000);
  expect(await its.tried('getMessage')).toBe('anyone');
  expect(await its.tried('getMessage', `Bearer ${text}`)).toBe('anyone');
});

test('a database that was restored or made anew opens no program that is keyed, and is keyed again', async () => {
  const first = await openedAccess({ keyed: false, adminKeys: [ADMIN_KEY] });
  const second = await openedAccess({ keys: first.keys, clock: first.clock });
  first.keys.keyed = undefined; // as it was before the mode was first recorded
  await first.hints.tell({ kind: 'changed' });
  await second.hints.tell({ kind: 'changed' });
  for (const { access, tried } of [first, second]) {
    expect(access.isKeyed).toBe(true);
    expect(await tried('getMessage')).toBe('Unauthenticated');
  }
  await first.clock.advance(5_000);
  expect((await first.keys.accessSince()).keyed).toBe(true);
});

test('a revoked key ends at once by a hint, within five seconds without one', async () => {
  const its = await openedAccess();
  const [hinted, looked] = [its.keys.make(OWN), its.keys.make(OWN)];
  for (const { text } of [hinted, looked]) expect(await its.tried('getMessage', `Bearer ${text}`)).toBe('key');
  await its.keys.revokeKey(OWN, hinted.id);
  await its.keys.revokeKey(OWN, looked.id);
  await its.hints.tell({ kind: 'revoked', id: hinted.id });
  expect(await its.tried('getMessage', `Bearer ${hinted.text}`)).toBe('Unauthenticated');
  expect(await its.tried('getMessage', `Bearer ${looked.text}`)).toBe('key');
  await its.clock.advance(5_000);
  expect(await its.tried('getMessage', `Bearer ${looked.text}`)).toBe('Unauthenticated');
});

test('who finds a revoked key that no hint has told tells it: others may be without the store', async () => {
  const first = await openedAccess();
  const [old, key] = [first.keys.make(OWN), first.keys.make(OWN)];
  await first.keys.revokeKey(OWN, old.id);
  const its = await openedAccess({ keys: first.keys, clock: first.clock });
  await its.clock.advance(5_000);
  expect(its.hints.told).toEqual([]);
  await its.keys.revokeKey(OWN, key.id);
  await its.clock.advance(15_000);
  expect(its.hints.told).toEqual([{ kind: 'revoked', id: key.id }]);
});

test('a key that is revoked while it is looked up is not remembered', async () => {
  const its = await openedAccess();
  const { text, id } = its.keys.make(OWN);
  await its.tried('getMessage', `Bearer ${newSecretKey(OWN)}`);
  const stale = its.keys.keysByHash.bind(its.keys);
  its.keys.keysByHash = async (hashes) => {
    const found = await stale(hashes);
    await its.hints.tell({ kind: 'revoked', id });
    return found;
  };
  expect(await its.tried('getMessage', `Bearer ${text}`)).toBe('Unauthenticated');
  expect(await its.tried('getMessage', `Bearer ${text}`)).toBe('Unauthenticated');
});

test('while the store is away, known credentials go on and unknown ones are an outage', async () => {
  const its = await openedAccess();
  const [known, unknown] = [its.keys.make(OWN).text, its.keys.make(OWN).text];
  expect(await its.tried('getMessage', `Bearer ${known}`)).toBe('key');
  its.keys.away = true;
  for (let minute = 0; minute < 9; minute += 1) {
    await its.clock.advance(MINUTE_MS);
    expect(await its.tried('getMessage', `Bearer ${known}`)).toBe('key');
    expect(await its.tried('getMessage', `Bearer ${unknown}`)).toBe('Unavailable');
  }
  its.keys.away = false;
  await its.clock.advance(5_000);
  expect(await its.tried('getMessage', `Bearer ${unknown}`)).toBe('key');
});

test('cut off from store and hints, a program honours what it knew for ten minutes, and ADMIN_KEY for ever', async () => {
  const its = await openedAccess({ adminKeys: [ADMIN_KEY] });
  const { text } = its.keys.make(OWN);
  const issuedAt = Math.floor(its.clock.now() / 1_000);
  const session = { token: OWN, user: 'anna', chats: '*', scopes: ['messages:read'], key: undefined } as const;
  const token = await its.access.userTokens.sign({ ...session, issuedAt, expiresAt: issuedAt + 7_200 });
  const both = [`Bearer ${text}`, `Bearer ${token}`];
  for (const header of both) await its.tried('getMessage', header);
  its.keys.away = true;
  its.hints.unbroken = undefined;
  await its.clock.advance(9 * MINUTE_MS);
  for (const header of both) expect(await its.tried('getMessage', header)).not.toBe('Unavailable');
  await its.clock.advance(MINUTE_MS + 1_000);
  for (const header of both) expect(await its.tried('getMessage', header)).toBe('Unavailable');
  expect(await its.tried('getMessage', `Bearer ${ADMIN_KEY}`)).toBe('admin');
  its.keys.away = false;
  await its.clock.advance(5_000);
  expect(await its.tried('getMessage', both[0])).toBe('key');
  expect(await its.tried('getMessage', both[1])).toBe('user');
});

test('with unbroken hints it honours them for as long as the store is away, and no longer', async () => {
  const its = await openedAccess();
  const header = `Bearer ${its.keys.make(OWN).text}`;
  await its.tried('getMessage', header);
  its.keys.away = true;
  for (let hour = 0; hour < 3; hour += 1) {
    await its.clock.advance(60 * MINUTE_MS);
    expect(await its.tried('getMessage', header)).toBe('key');
  }
  // The connection was lost and is back: a hint may have been missed meanwhile.
  its.hints.unbroken = its.clock.elapsed();
  await its.clock.advance(11_000);
  expect(await its.tried('getMessage', header)).toBe('Unavailable');
});

test('a program that stood still for longer than ten minutes first looks again', async () => {
  const its = await openedAccess();
  const header = `Bearer ${its.keys.make(OWN).text}`;
  await its.tried('getMessage', header);
  its.clock.freeze(11 * MINUTE_MS);
  expect(() => its.ask('getMessage', header)).toThrow('cannot be checked');
  await its.clock.advance(5_000);
  expect(await its.tried('getMessage', header)).toBe('key');
});

test('a machine that was suspended for longer than ten minutes first looks again', async () => {
  const its = await openedAccess();
  const header = `Bearer ${its.keys.make(OWN).text}`;
  await its.tried('getMessage', header);
  its.clock.suspend(9 * MINUTE_MS);
  expect(its.ask('getMessage', header)).toMatchObject({ kind: 'key' });
  its.clock.suspend(2 * MINUTE_MS);
  expect(() => its.ask('getMessage', header)).toThrow('cannot be checked');
  await its.clock.advance(5_000);
  expect(await its.tried('getMessage', header)).toBe('key');
  its.keys.away = true;
  its.clock.suspend(60 * MINUTE_MS);
  await its.clock.advance(5_000); // the hints were unbroken
  expect(await its.tried('getMessage', header)).toBe('key');
  its.clock.suspend(-60 * MINUTE_MS);
  its.hints.unbroken = undefined;
  await its.clock.advance(11 * MINUTE_MS);
  expect(await its.tried('getMessage', header)).toBe('Unavailable');
});

test('the use of keys is recorded once an hour for each, and at the stop', async () => {
  const its = await openedAccess();
  const [one, two] = [its.keys.make(OWN), its.keys.make(OWN)];
  await its.tried('getMessage', `Bearer ${one.text}`);
  expect(its.keys.used).toEqual([]);
  its.keys.away = true;
  await its.clock.advance(MINUTE_MS);
  its.keys.away = false;
  await its.clock.advance(MINUTE_MS);
  expect(its.keys.used.map(({ ids }) => ids)).toEqual([[one.id]]);
  await its.tried('getMessage', `Bearer ${one.text}`);
  await its.clock.advance(MINUTE_MS);
  expect(its.keys.used).toHaveLength(1);
  await its.clock.advance(60 * MINUTE_MS);
  await its.tried('getMessage', `Bearer ${one.text}`);
  await its.tried('getMessage', `Bearer ${two.text}`);
  await its.access.stop();
  expect(its.keys.used.at(-1)?.ids.toSorted()).toEqual([one.id, two.id].sort());
});

test('it may be started and stopped twice', async () => {
  const its = await openedAccess();
  await its.access.start();
  const before = its.keys.looks;
  await its.clock.advance(5_000);
  expect(its.keys.looks).toBe(before + 1);
  await its.access.stop();
  await its.access.stop();
  await its.clock.advance(60_000);
  expect(its.keys.looks).toBe(before + 1);
});
