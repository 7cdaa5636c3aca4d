import { describe, expect, test } from 'bun:test';
import {
  type AccessKey,
  hashOfKey,
  KEYS_FOUND_MAX,
  KEYS_MADE_MAX,
  KEYS_MAX,
  type KeyStore,
  newSecretKey,
  newToken,
  REVOKED_SECONDS,
  SCOPES,
  type Store,
  type Token,
  TooManyKeys,
} from '@parley/domain';
import { failure } from '@parley/testing';
import { required } from './events.ts';
import { keyStateContract } from './key-state.contract.ts';
import { type Harness, opened } from './open-harness.ts';

export interface KeyStoreHarness extends Harness {
  readonly keys: KeyStore;
  readonly store: Store;
}

const HOUR = 3_600_000;
/** The beginning of an hour. */
const NOON = Date.UTC(2026, 4, 3, 12);

/** A new key, and the hash of its text. */
export function aKey(token: Token | undefined, some: Partial<AccessKey> = {}) {
  const id = crypto.randomUUID();
  const key: AccessKey = { id, token, name: 'A key', scopes: ['messages:read'], createdAt: NOON, ...some };
  return { key, hash: hashOfKey(newSecretKey(token)) };
}

/** The tests that every driver of KeyStore must pass. */
export function keyStoreContract(name: string, open: () => Promise<KeyStoreHarness>): void {
  keyStateContract(name, open);

  describe(`${name} keys`, () => {
    const harness = opened(open);

    async function added(token: Token | undefined, some: Partial<AccessKey> = {}) {
      const made = aKey(token, some);
      await harness().keys.addKey(made.key, made.hash);
      return made;
    }

    async function found(hash: string): Promise<AccessKey> {
      return required((await harness().keys.keysByHash([hash])).get(hash));
    }

    test('a key is found by its hash, with all that was given', async () => {
      const { keys } = harness();
      const token = newToken();
      const bare = await added(token, { scopes: ['keys'] });
      const full = await added(token, {
        name: 'Schlüssel „🎉“ \\ \' "',
        scopes: SCOPES,
        createdAt: NOON + 1,
        expiresAt: NOON + HOUR + 7,
      });
      expect(await found(bare.hash)).toEqual(bare.key);
      expect(await found(full.hash)).toEqual(full.key);
      expect(await keys.keys(token)).toEqual([bare.key, full.key]);
    });

    test('hashes that are unknown are left out', async () => {
      const { keys } = harness();
      const { key, hash } = await added(newToken());
      const others = Array.from({ length: KEYS_FOUND_MAX - 1 }, (_, place) => hashOfKey(`${place}`));
      const all = await keys.keysByHash([...others, hash]);
      expect([...all]).toEqual([[hash, key]]);
      expect(await keys.keysByHash([])).toEqual(new Map());
      expect(await keys.keysByHash(others.slice(0, 1))).toEqual(new Map());
    });

    test('a list has the keys of one application, the oldest first', async () => {
      const { keys } = harness();
      const token = newToken();
      const times = [5, 3, 4].map((hours) => NOON + hours * HOUR);
      const made: AccessKey[] = [];
      for (const createdAt of times) made.push((await added(token, { createdAt })).key);
      await added(newToken());
      expect(await keys.keys(token)).toEqual([made[1], made[2], made[0]].map(required));
      expect(await keys.keys(newToken())).toEqual([]);
    });

    test('admin keys belong to no application', async () => {
      const { keys } = harness();
      const { key, hash } = await added(undefined, { scopes: [] });
      await added(newToken());
      expect(await keys.keys(undefined)).toEqual([key]);
      const again = await found(hash);
      expect(again).toEqual(key);
      expect([again.token, again.scopes]).toEqual([undefined, []]);
      expect(await keys.revokeKey(newToken(), key.id)).toBe(false);
      expect(await keys.revokeKey(undefined, key.id)).toBe(true);
      expect(await keys.keys(undefined)).toEqual([]);
    });

    test('a revoked key leaves the list at once, and its hash tells that it is revoked', async () => {
      const { keys } = harness();
      const token = newToken();
      const [first, second] = [await added(token), await added(token, { createdAt: NOON + 1 })];
      const before = Date.now();
      expect(await keys.revokeKey(token, first.key.id)).toBe(true);
      expect(await keys.keys(token)).toEqual([second.key]);
      const { revokedAt, ...rest } = await found(first.hash);
      expect(rest).toEqual(first.key);
      expect(Math.abs(required(revokedAt) - before)).toBeLessThan(60_000);
      expect(await keys.revokeKey(token, first.key.id)).toBe(true);
      expect((await found(second.hash)).revokedAt).toBeUndefined();
    });

    test('only a key of the application is revoked', async () => {
      const { keys } = harness();
      const token = newToken();
      const { key, hash } = await added(token);
      expect(await keys.revokeKey(newToken(), key.id)).toBe(false);
      expect(await keys.revokeKey(undefined, key.id)).toBe(false);
      expect(await keys.revokeKey(token, crypto.randomUUID())).toBe(false);
      expect(await keys.revokeKey(token, 'no id')).toBe(false);
      expect(await found(hash)).toEqual(key);
    });

    test('a key past its end is found and listed, with its end', async () => {
      const { keys } = harness();
      const token = newToken();
      const { key, hash } = await added(token, { createdAt: NOON - 2 * HOUR, expiresAt: NOON - HOUR });
      expect(await found(hash)).toEqual(key);
      expect(await keys.keys(token)).toEqual([key]);
    });

    test(`an application has at most ${KEYS_MAX} keys; revoked ones do not count`, async () => {
      const { keys } = harness();
      const token = newToken();
      const made = await Promise.all(Array.from({ length: KEYS_MAX }, () => added(token)));
      const more = aKey(token);
      expect(await failure(keys.addKey(more.key, more.hash))).toBeInstanceOf(TooManyKeys);
      expect(await keys.keysByHash([more.hash])).toEqual(new Map());
      await added(newToken());
      expect(await keys.revokeKey(token, required(made[0]).key.id)).toBe(true);
      await keys.addKey(more.key, more.hash);
      expect(await keys.keys(token)).toHaveLength(KEYS_MAX);
      const last = aKey(token);
      expect(await failure(keys.addKey(last.key, last.hash))).toBeInstanceOf(TooManyKeys);
    });

    test(`it makes at most ${KEYS_MADE_MAX} in a day, so that those that every process remembers are bounded`, async () => {
      const { keys } = harness();
      const token = newToken();
      for (let made = 0; made < KEYS_MADE_MAX; made += KEYS_MAX) {
        const some = await Promise.all(Array.from({ length: KEYS_MAX }, () => added(token)));
        await Promise.all(some.map(({ key }) => keys.revokeKey(token, key.id)));
      }
      const more = aKey(token, { createdAt: NOON + HOUR });
      expect(await failure(keys.addKey(more.key, more.hash))).toBeInstanceOf(TooManyKeys);
      await added(newToken());
      await added(token, { createdAt: NOON + REVOKED_SECONDS * 1_000 });
    }, 60_000);

    test('the last use is kept to the hour, and never goes back', async () => {
      const { keys } = harness();
      const token = newToken();
      const [a, b, c] = [await added(token), await added(token), await added(token)];
      const used = async () => Promise.all([a, b, c].map(async ({ hash }) => (await found(hash)).lastUsedAt));
      expect(await used()).toEqual([undefined, undefined, undefined]);
      await keys.keysUsed([a.key.id, b.key.id, crypto.randomUUID()], NOON + 12_345);
      expect(await used()).toEqual([NOON, NOON, undefined]);
      await keys.keysUsed([b.key.id], NOON + 3 * HOUR + 1);
      await keys.keysUsed([a.key.id, b.key.id, c.key.id], NOON + HOUR);
      expect(await used()).toEqual([NOON + HOUR, NOON + 3 * HOUR, NOON + HOUR]);
      await keys.keysUsed([], NOON + 9 * HOUR);
      await keys.keysUsed([crypto.randomUUID()], NOON + 9 * HOUR);
      expect(await used()).toEqual([NOON + HOUR, NOON + 3 * HOUR, NOON + HOUR]);
      expect((await keys.keys(token)).map(({ lastUsedAt }) => lastUsedAt).sort()).toEqual([
        NOON + HOUR,
        NOON + HOUR,
        NOON + 3 * HOUR,
      ]);
    });
  });
}
