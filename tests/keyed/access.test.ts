/** Keys on: every request needs a credential, and it does what the credential may do. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { until } from '@parley/testing';
import type { Client } from '../support/client.ts';
import { noteDocumented } from '../support/e2e.ts';
import { type KeyedSystem, keyedSystem, secretKey, userToken } from '../support/keyed.ts';

/** A revoked key ends at once, and within ten seconds if a hint is lost. */
const ENDS_WITHIN_MS = 10_000;

let system: KeyedSystem;
let admin: Client;
beforeAll(async () => {
  system = await keyedSystem();
  ({ admin } = system);
});
afterAll(async () => {
  noteDocumented(admin);
  await system.stop();
});

const say = { message_content: 'hello' };
const isRefused = async (client: Client, path: string) => (await client.get(path)).status === 401;

test('without a credential nothing is done; the pages need none', async () => {
  const application = await admin.application();
  const nobody = admin.as(undefined);
  for (const answer of [
    await nobody.post('/api/applications', { application_name: 'x' }),
    await nobody.get('/api/applications'),
    await nobody.get(application),
    await nobody.post(`${application}/keys`, { name: 'x' }),
    await nobody.post(`${application}/sessions`, { user_id: 'anna' }),
    await nobody.get('/api/admin/programs'),
  ]) {
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="parley"');
  }
  const unknown = await admin.as('unknown').get(application);
  expect(unknown.headers.get('www-authenticate')).toBe('Bearer realm="parley", error="invalid_token"');
  for (const path of ['/', '/swagger', '/swagger/json']) {
    expect((await fetch(`${system.url}${path}`)).status).toBe(200);
  }
  const page = await (await fetch(system.url, { headers: { accept: 'text/html' } })).text();
  expect(page).toContain('-H "Authorization: Bearer $ADMIN_KEY"');
});

test('a key works where it was made, until it is revoked, and its user tokens end with it', async () => {
  const application = await admin.application();
  const { client: server, id } = await secretKey(admin, application);
  const chat = await server.chat('Chat', application);
  expect((await server.post(chat, say)).status).toBe(201);
  const anna = await userToken(server, application, 'anna', { chats: '*' });
  const other = await userToken(admin, application, 'anna', { chats: '*' });
  expect((await anna.get(`${chat}/messages`)).status).toBe(200);
  expect((await server.delete(`${application}/keys/${id}`)).status).toBe(204);
  await until('the key has ended', () => isRefused(server, chat), ENDS_WITHIN_MS);
  await until('the user token has ended', () => isRefused(anna, chat), ENDS_WITHIN_MS);
  for (let calls = 0; calls < 10; calls += 1) expect(await isRefused(server, chat)).toBe(true);
  expect((await other.get(chat)).status).toBe(200);
  expect((await admin.delete(`${application}/keys/${id}`)).status).toBe(204);
});

test('a key ends when it says', async () => {
  const application = await admin.application();
  const { client } = await secretKey(admin, application, { expires_at: new Date(Date.now() + 5_000).toISOString() });
  expect((await client.get(application)).status).toBe(200);
  const session = await client.post(`${application}/sessions`, { user_id: 'anna' });
  const { body: keys } = await admin.get(`${application}/keys`);
  expect(Date.parse(session.body.expires_at)).toBeLessThanOrEqual(Date.parse(keys[0].expires_at));
  await until('it has ended', () => isRefused(client, application), ENDS_WITHIN_MS);
});

test('a key gives no more than it has', async () => {
  const application = await admin.application();
  const { client: maker } = await secretKey(admin, application, { scopes: ['keys', 'messages:read'] });
  const create = async (body: object) => (await maker.post(`${application}/keys`, { name: 'x', ...body })).status;
  expect(await create({ scopes: ['messages:read'] })).toBe(201);
  expect(await create({ scopes: ['messages:read', 'manage'] })).toBe(403);
  expect(await create({})).toBe(403);
  const session = async (can?: string[]) =>
    (await maker.post(`${application}/sessions`, { user_id: 'anna', ...(can && { can }) })).status;
  expect(await session()).toBe(201);
  expect(await session(['messages:write'])).toBe(403);
  const expires_at = new Date(Date.now() + 3_600_000).toISOString();
  const { client: ending } = await secretKey(admin, application, { expires_at });
  expect((await ending.post(`${application}/keys`, { name: 'x' })).status).toBe(403);
  expect((await ending.post(`${application}/keys`, { name: 'x', expires_at })).status).toBe(201);
});

test('a key is for its application and its scopes only', async () => {
  const [own, other] = [await admin.application(), await admin.application()];
  const { client: server } = await secretKey(admin, own);
  const missing = await admin.get(`/api/applications/${crypto.randomUUID()}`);
  const foreign = await server.get(other);
  expect([foreign.status, foreign.body]).toEqual([404, missing.body]);
  expect((await server.get('/api/applications')).status).toBe(403);
  expect((await server.delete(own)).status).toBe(403);
  expect((await server.patch(`${own}/limits`, { messages_per_second: 1 })).status).toBe(403);
  expect((await server.get(`${own}/limits`)).status).toBe(200);
  expect((await server.get('/api/admin/dead-letters')).status).toBe(403);
  const { client: reader } = await secretKey(admin, own, { scopes: ['messages:read'] });
  expect((await reader.get(`${own}/chats`)).status).toBe(200);
  expect((await reader.post(`${own}/chats`, {})).status).toBe(403);
  expect((await reader.get(`${own}/keys`)).status).toBe(403);
});
