import { beforeAll, expect, test } from 'bun:test';
import type { Client } from '../support/client.ts';
import { e2eChat } from '../support/e2e.ts';

let client: Client;
let application: string;
let chat: string;
beforeAll(async () => {
  ({ client, application, chat } = await e2eChat());
});

test('an application keeps its messages until it has a limit', async () => {
  const path = `${application}/limits`;
  expect((await client.get(path)).body).toEqual({});
  for (const retention_days of [1, 36_500]) {
    const set = await client.patch(path, { retention_days });
    expect([set.status, set.body]).toEqual([200, { retention_days }]);
    expect((await client.get(path)).body).toEqual({ retention_days });
  }
  expect((await client.get(`${chat}/messages/1`)).status).toBe(200);
  await client.patch(application, { application_name: 'Renamed' });
  await client.put(application, { application_name: 'Replaced' });
  expect((await client.get(path)).body).toEqual({ retention_days: 36_500 });
  expect((await client.get(application)).body).not.toHaveProperty('retention_days');
  expect((await client.patch(path, { retention_days: null })).body).toEqual({});
  expect((await client.get(path)).body).toEqual({});
});

test('a limit is from 1 to 36,500 days', async () => {
  for (const retention_days of [0, -1, 1.5, 36_501, '7', true, [], {}]) {
    const { status, body } = await client.patch(`${application}/limits`, { retention_days });
    expect([status, body.errors?.[0].path], String(retention_days)).toEqual([422, '/retention_days']);
  }
  expect((await client.patch(`${application}/limits`, {})).status).toBe(422);
  expect((await client.patch(`${application}/limits`, { retention_days: 1, other: 1 })).status).toBe(422);
  expect((await client.get(`${application}/limits`)).body).toEqual({});
});

test('an unknown application has no limits', async () => {
  const path = `/api/applications/${crypto.randomUUID()}/limits`;
  expect((await client.get(path)).status).toBe(404);
  expect((await client.patch(path, { retention_days: 1 })).status).toBe(404);
});

test('the new bodies are refused like all others: 400, 413, 415', async () => {
  for (const [method, path, json] of [
    ['PATCH', `${application}/limits`, '{"retention_days":1}'],
    ['PUT', `${chat}/reads/anna`, '{"message_number":1}'],
    ['POST', `${application}/search`, '{"search_query":"x"}'],
  ] as const) {
    expect((await client.call(method, path, { raw: '{' })).status, path).toBe(400);
    expect((await client.call(method, path, { raw: `${' '.repeat(200_000)}${json}` })).status, path).toBe(413);
    const headers = { 'content-type': 'text/plain' };
    expect((await client.call(method, path, { raw: json, headers })).status, path).toBe(415);
    expect((await client.call(method, `${path}?page=1`, { raw: json })).status, path).toBe(422);
  }
  for (const path of [`${application}/limits`, `${chat}/reads`, `${application}/search?search_query=x`]) {
    const query = path.includes('?') ? '&' : '?';
    expect((await client.get(`${path}${query}page=1`)).status, path).toBe(422);
  }
});
