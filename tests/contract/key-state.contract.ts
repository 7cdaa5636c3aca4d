import { describe, expect, test } from 'bun:test';
import { type AccessState, LIMIT_NAMES, newToken, type SigningKey, type Token } from '@parley/domain';
import { required, storedChat } from './events.ts';
import { aKey, type KeyStoreHarness } from './key-store.contract.ts';
import { opened } from './open-harness.ts';

const SECOND = 1_000;

/** What every process must know: the mode, revoked keys, the keys that sign user tokens, and limits. */
export function keyStateContract(name: string, open: () => Promise<KeyStoreHarness>): void {
  describe(`${name} mode and revoked keys`, () => {
    const harness = opened(open);

    test('no mode is recorded at first, and from then on the last one', async () => {
      const { keys } = harness();
      const first = await keys.accessSince();
      expect(first).toEqual({ at: first.at, keyed: undefined, revoked: [], signingKeys: [], limits: [] });
      expect(Math.abs(first.at - Date.now())).toBeLessThan(60 * SECOND);
      for (const keyed of [true, true, false, false, true]) {
        await keys.setKeyed(keyed);
        expect((await keys.accessSince()).keyed).toBe(keyed);
        expect((await keys.accessSince(first.at)).keyed).toBe(keyed);
      }
      await keys.setKeyed(false);
    });

    test('a revoked key is told at the start, and to those who have looked before', async () => {
      const { keys } = harness();
      const token = newToken();
      const [one, other, admin] = [aKey(token), aKey(token), aKey(undefined)];
      for (const { key, hash } of [one, other, admin]) await keys.addKey(key, hash);
      const { at } = await keys.accessSince();
      expect(ids(await keys.accessSince(at))).not.toContain(one.key.id);
      await keys.revokeKey(token, one.key.id);
      await keys.revokeKey(undefined, admin.key.id);
      for (const since of [undefined, at]) {
        const state = await keys.accessSince(since);
        expect(state.at).toBeGreaterThanOrEqual(at);
        expect(ids(state)).toEqual(expect.arrayContaining([one.key.id, admin.key.id]));
        expect(ids(state)).not.toContain(other.key.id);
        const found = required((await keys.keysByHash([one.hash])).get(one.hash));
        expect(state.revoked).toContainEqual({ id: one.key.id, at: required(found.revokedAt) });
      }
    });

    test('those who look again and again miss no revoked key', async () => {
      const { keys } = harness();
      const token = newToken();
      const made = Array.from({ length: 40 }, () => aKey(token));
      for (const { key, hash } of made) await keys.addKey(key, hash);
      let { at } = await keys.accessSince();
      let revoking = true;
      const seen = new Set<string>();
      const look = async () => {
        const state = await keys.accessSince(at);
        at = state.at;
        for (const id of ids(state)) seen.add(id);
      };
      const looking = (async () => {
        while (revoking) await look();
      })();
      await Promise.all(made.map(({ key }) => keys.revokeKey(token, key.id))).finally(() => {
        revoking = false;
      });
      await looking;
      await look();
      expect(made.filter(({ key }) => !seen.has(key.id))).toEqual([]);
    });
  });

  describe(`${name} signing keys`, () => {
    const harness = opened(open);
    const START = Date.now() - 100 * SECOND;

    async function added(createdAt: number): Promise<SigningKey> {
      const pair = { kty: 'OKP', crv: 'Ed25519', x: 'x'.repeat(43) };
      const key = {
        kid: crypto.randomUUID(),
        publicKey: JSON.stringify(pair),
        privateKey: JSON.stringify({ ...pair, d: 'd'.repeat(43) }),
        createdAt,
      };
      await harness().keys.addSigningKey(key);
      return key;
    }
    const kids = async () => (await harness().keys.accessSince()).signingKeys.map(({ kid }) => kid).sort();

    test('the newest one signs, and all are told without their private parts', async () => {
      const { keys } = harness();
      expect(await keys.signingKey()).toBeUndefined();
      const first = await added(START);
      expect(await keys.signingKey()).toEqual(first);
      const { at } = await keys.accessSince();
      const second = await added(START + SECOND);
      expect(await keys.signingKey()).toEqual(second);
      const publicParts = [first, second].map(({ kid, publicKey, createdAt }) => ({ kid, publicKey, createdAt }));
      for (const since of [undefined, at]) {
        const { signingKeys } = await keys.accessSince(since);
        expect([...signingKeys].sort((a, b) => a.createdAt - b.createdAt)).toEqual(publicParts);
        expect(JSON.stringify(signingKeys)).not.toContain('"d"');
      }
    });

    test('one that is added is the newest, whatever the clock of its process says', async () => {
      const { keys } = harness();
      const newest = await added(START + 60 * SECOND);
      const late = await added(START - 60 * SECOND);
      expect(await keys.signingKey()).toMatchObject({ kid: late.kid, privateKey: late.privateKey });
      expect(await kids()).toEqual(expect.arrayContaining([newest.kid, late.kid]));
    });

    test('old ones are deleted, but never the newest', async () => {
      const { keys } = harness();
      const [old, young] = [await added(START + 70 * SECOND), await added(START + 80 * SECOND)];
      await keys.dropSigningKeys(START + 70 * SECOND);
      expect(await kids()).toEqual([old.kid, young.kid].sort());
      await keys.dropSigningKeys(Date.now() + 60 * SECOND);
      expect(await kids()).toEqual([young.kid]);
      expect(await keys.signingKey()).toEqual(young);
    });
  });

  describe(`${name} changed limits`, () => {
    const harness = opened(open);
    const limitsOf = ({ limits }: AccessState, token: Token) => limits.find((row) => row.token === token)?.limits;

    test('limits are told at the start, and to those who have looked before', async () => {
      const { keys, store } = harness();
      const [token, without] = [await storedChat(store), await storedChat(store)];
      const { at } = await keys.accessSince();
      await store.changeApplication(token, { limits: { messagesPerSecond: 5, liveConnections: 7 } });
      for (const since of [undefined, at]) {
        const state = await keys.accessSince(since);
        expect(limitsOf(state, token)).toEqual({ messagesPerSecond: 5, liveConnections: 7 });
        expect(limitsOf(state, without)).toBeUndefined();
      }
      const others = { messagesPerSecond: null, requestsPerSecond: 0, createsInFlight: 1_000_000_000 };
      await store.changeApplication(token, { limits: others });
      for (const since of [undefined, at]) {
        expect(limitsOf(await keys.accessSince(since), token)).toEqual({
          requestsPerSecond: 0,
          createsInFlight: 1_000_000_000,
          liveConnections: 7,
        });
      }
    });

    test('limits that were taken away, or whose application was deleted, are told as none', async () => {
      const { keys, store } = harness();
      const [token, deleted] = [await storedChat(store), await storedChat(store)];
      const limits = { messagesPerSecond: 5, requestsPerSecond: 6, createsInFlight: 7, liveConnections: 8 };
      for (const each of [token, deleted]) await store.changeApplication(each, { limits });
      const { at } = await keys.accessSince();
      await store.changeApplication(token, { limits: Object.fromEntries(LIMIT_NAMES.map((name) => [name, null])) });
      await store.deleteApplication(deleted);
      const state = await keys.accessSince(at);
      for (const each of [token, deleted]) expect(limitsOf(state, each)).toEqual({});
      const start = await keys.accessSince();
      for (const each of [token, deleted]) expect(limitsOf(start, each)).toBeUndefined();
    });
  });
}

function ids({ revoked }: AccessState): string[] {
  return revoked.map(({ id }) => id);
}
