import { expect, test } from 'bun:test';
import { ConfigError } from '@parley/runtime';
import { until } from '@parley/testing';
import { OPERATIONS } from './contract/operations.ts';
import { startProgram } from './program.ts';
import { OWN, openedAccess } from './testing/opened-access.ts';

const CONFIG = {
  ...{ HOST: '127.0.0.1', PORT: 0, LOG_LEVEL: 'silent' },
  ...{ STOP_TIMEOUT_MS: 20_000, DRAIN_MS: 0, REQUEST_TIMEOUT_MS: 5_000 },
};

test('a stop answers what is in flight before it ends what that is answered with', async () => {
  const asked = Promise.withResolvers<void>();
  const ready = Promise.withResolvers<void>();
  const order: string[] = [];
  const handle = async () => {
    asked.resolve();
    await ready.promise;
    order.push('answered');
    return { items: ['done'] };
  };
  const routes = [{ operation: OPERATIONS.listApplications, handle }];
  const parts = { checks: {}, routes, stop: async () => void order.push('ended') };
  const { port, stop } = await startProgram('test', CONFIG, async () => parts);
  const answer = fetch(`http://127.0.0.1:${port}/api/applications`).then((response) => response.json());
  await asked.promise;
  const stopped = stop();
  const refused = () =>
    fetch(`http://127.0.0.1:${port}/healthz`)
      .then(() => false)
      .catch(() => true);
  await until('it waits for what is in flight', async () => order.length > 0 || (await refused()));
  ready.resolve();
  expect(await answer).toEqual(['done']);
  await stopped;
  expect(order).toEqual(['answered', 'ended']);
});

test('Access decides, figures are put, and both end after the requests and before the store', async () => {
  const { access, keys, clock } = await openedAccess();
  const { text, id } = keys.make(OWN);
  const order: string[] = [];
  const recorded = keys.keysUsed.bind(keys);
  keys.keysUsed = async (ids, at) => {
    order.push('use of keys');
    await recorded(ids, at);
  };
  const put: string[] = [];
  const figures = { put: async ({ name }: { name: string }) => void put.push(name) };
  const routes = [{ operation: OPERATIONS.listChats, handle: async () => ({ items: [] }) }];
  const stop = async () => void order.push('store');
  const program = await startProgram('test', CONFIG, async () => ({ checks: {}, routes, access, figures, stop }));
  const ask = (headers: Record<string, string>) =>
    fetch(`http://127.0.0.1:${program.port}/api/applications/${OWN}/chats`, { headers });
  expect((await ask({})).status).toBe(401);
  const answer = ask({ authorization: `Bearer ${text}` });
  await clock.advance(200);
  expect((await answer).status).toBe(200);
  await until('figures are put', () => put.length > 0);
  expect(put[0]).toBe('test');
  await program.stop();
  expect(order).toEqual(['use of keys', 'store']);
  expect(keys.used.map(({ ids }) => ids)).toEqual([[id]]);
});

test('pages of the origins in CORS_ORIGINS may call; * does not start with ADMIN_KEY', async () => {
  const origin = 'https://app.example.com';
  const open = async () => ({ checks: {}, stop: async () => {} });
  const program = await startProgram('test', { ...CONFIG, CORS_ORIGINS: origin, ADMIN_KEY: 'x'.repeat(32) }, open);
  const { headers } = await fetch(`http://127.0.0.1:${program.port}/healthz`, { headers: { origin } });
  expect(headers.get('access-control-allow-origin')).toBe(origin);
  await program.stop();
  const wrong = startProgram('test', { ...CONFIG, CORS_ORIGINS: '*', ADMIN_KEY: 'x'.repeat(32) }, open);
  await expect(wrong).rejects.toThrow(ConfigError);
});
