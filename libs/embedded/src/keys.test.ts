import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AccessKey, newEventId, newToken, Unavailable } from '@parley/domain';
import { failure } from '@parley/testing';
import { openEmbedded } from './index.ts';

const HASH = 'a'.repeat(64);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-keys-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('the mode, the keys and the signing keys are there after a restart', async () => {
  const first = openEmbedded({ dataDir: folder });
  const token = newToken();
  const key: AccessKey = { id: 'k', token, name: 'A key', scopes: ['manage', 'keys'], createdAt: 1, expiresAt: 9 };
  const signingKey = { kid: 's', publicKey: '{}', privateKey: '{"d":1}', createdAt: 2 };
  await first.keys.setKeyed(true);
  await first.keys.addKey(key, HASH);
  await first.keys.addSigningKey(signingKey);
  await first.close();
  const again = openEmbedded({ dataDir: folder });
  expect(await again.keys.keysByHash([HASH])).toEqual(new Map([[HASH, key]]));
  expect(await again.keys.signingKey()).toEqual(signingKey);
  expect(await again.keys.accessSince()).toMatchObject({ keyed: true, signingKeys: [{ kid: 's' }] });
  await again.close();
  expect(await failure(again.keys.keys(token))).toBeInstanceOf(Unavailable);
});

test('who asks what has changed misses nothing, even if the clock was set back meanwhile', async () => {
  let now = 1_000_000_000_000;
  const { keys, store, close } = openEmbedded({ dataDir: folder, now: () => now });
  const token = newToken();
  await store.append([{ id: newEventId(), epoch: 1, at: now, token, type: 'application', name: 'An app' }]);
  await keys.addKey({ id: 'k', token, name: '', scopes: [], createdAt: now }, HASH);
  const { at } = await keys.accessSince();
  now -= 3_600_000;
  await keys.revokeKey(token, 'k');
  await store.changeApplication(token, { limits: { requestsPerSecond: 5 } });
  const changed = await keys.accessSince(at);
  expect(changed).toMatchObject({ revoked: [{ id: 'k' }], limits: [{ token, limits: { requestsPerSecond: 5 } }] });
  await store.deleteApplication(token);
  expect(await keys.accessSince(changed.at)).toMatchObject({ limits: [{ token, limits: {} }] });
  await close();
});

test('a key that was revoked more than a day and an hour before a start is not told: no user token of it is left', async () => {
  let now = 1_000_000_000_000;
  const { keys, close } = openEmbedded({ dataDir: folder, now: () => now });
  for (const id of ['old', 'young']) {
    await keys.addKey({ id, name: '', scopes: [], createdAt: now }, id);
    await keys.revokeKey(undefined, id);
    now += 12 * 3_600_000;
  }
  const told = async () => (await keys.accessSince()).revoked.map(({ id }) => id);
  now += 3_600_000;
  expect(await told()).toEqual(['old', 'young']);
  now += 1;
  expect(await told()).toEqual(['young']);
  await close();
});
