import { beforeAll, describe, expect, test } from 'bun:test';
import type { Client, Sent } from '../support/client.ts';
import { counted, e2eChat } from '../support/e2e.ts';
import { rawHttp } from '../support/raw.ts';

let client: Client;
let application: string;
let chat: string;
beforeAll(async () => {
  ({ client, application, chat } = await e2eChat());
});

const UNKNOWN = '00000000-0000-4000-8000-000000000000';
const raw = (text: string | Uint8Array): Sent => ({ raw: text });
const json = (value: unknown): Sent => ({ json: value });

/**
 * Creates, changes and the search, each with its field and the field's maximum length. An empty body is answered with
 * `emptyMeans`, else with 400.
 */
const targets = () => [
  { method: 'POST', path: '/api/applications', field: 'application_name', longest: 255 },
  { method: 'PATCH', path: application, field: 'application_name', longest: 255 },
  { method: 'PUT', path: application, field: 'application_name', longest: 255 },
  { method: 'POST', path: `${application}/chats`, field: 'chat_name', longest: 255, emptyMeans: 201 },
  { method: 'PATCH', path: chat, field: 'chat_name', longest: 255 },
  { method: 'PUT', path: chat, field: 'chat_name', longest: 255 },
  { method: 'POST', path: `${chat}/messages`, field: 'message_content', longest: 10_000 },
  { method: 'POST', path: chat, field: 'message_content', longest: 10_000 },
  { method: 'PATCH', path: `${chat}/messages/1`, field: 'message_content', longest: 10_000 },
  { method: 'PUT', path: `${chat}/messages/1`, field: 'message_content', longest: 10_000 },
  { method: 'POST', path: `${chat}/search`, field: 'search_query', longest: 1_000, emptyMeans: 422 },
];

/** The stored objects. A test compares them to show that a refused request stored nothing. */
async function state() {
  const paths = [application, `${application}/chats`, chat, `${chat}/messages`];
  return Promise.all(paths.map(async (path) => (await client.get(path)).body));
}

async function expectProblem(method: string, path: string, sent: Sent, status: number): Promise<void> {
  const answer = await client.call(method, path, sent);
  const { body, headers } = answer;
  const where = `${method} ${path} ${JSON.stringify(sent).slice(0, 80)} ${JSON.stringify(body)}`;
  expect(answer.status, where).toBe(status);
  expect(headers.get('content-type')).toBe('application/problem+json');
  expect(body).toMatchObject({ type: 'about:blank', status, title: expect.any(String), detail: expect.any(String) });
}

describe('a refused request', () => {
  test('has a value that is not valid: 422 that names the field, nothing is stored, no number is used', async () => {
    const before = await state();
    for (const { method, path, field, longest, emptyMeans } of targets()) {
      const values = [
        ...(field === 'chat_name' ? [] : ['']),
        null,
        5,
        true,
        [],
        {},
        'x'.repeat(longest + 1),
        '😀'.repeat(longest + 1),
        'a\u0000b',
      ];
      for (const value of values) {
        const tooLong = typeof value === 'string' && Buffer.byteLength(value) > 120_000;
        if (tooLong) continue;
        const { status, body } = await client.call(method, path, json({ [field]: value }));
        expect(status, `${method} ${path} ${JSON.stringify(value).slice(0, 30)}`).toBe(422);
        expect(body.errors[0].path).toBe(`/${field}`);
      }
      await expectProblem(method, path, raw(`{"${field}":"\\ud800 alone"}`), 422);
      if (emptyMeans !== 201) await expectProblem(method, path, json({}), 422);
      await expectProblem(method, path, json([]), 422);
      await expectProblem(method, path, json(null), 422);
      await expectProblem(method, path, json({ [field]: 'ok', unknown: 1 }), 422);
    }
    expect(await state()).toEqual(before);
    const next = await client.post(`${chat}/messages`, { message_content: 'two' });
    expect(next.body.message_number).toBe(2);
    // Later tests compare lists and counts.
    await client.get(`${chat}/messages/2`);
    await counted(client, chat, 2);
  });

  test('is not JSON: 400', async () => {
    const before = await state();
    const notUtf8 = new Uint8Array([...Buffer.from('{"x":"'), 0xff, 0xfe, ...Buffer.from('"}')]);
    for (const { method, path, field, emptyMeans } of targets()) {
      if (emptyMeans === undefined) await expectProblem(method, path, raw(''), 400);
      for (const text of ['{', 'x', `{"${field}":"a"`, `{'${field}':'a'}`, 'undefined', '\u0000']) {
        await expectProblem(method, path, raw(text), 400);
      }
      await expectProblem(method, path, raw(notUtf8), 400);
    }
    expect(await state()).toEqual(before);
  });

  test('is not declared as JSON: 415', async () => {
    for (const { method, path, field } of targets()) {
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/xml', 'application/jsonx']) {
        const sent = { raw: JSON.stringify({ [field]: 'x' }), headers: { 'content-type': type } };
        await expectProblem(method, path, sent, 415);
      }
    }
  });

  test('is declared as JSON with a charset: accepted', async () => {
    const headers = { 'content-type': 'application/json; charset=utf-8' };
    const sent = { raw: '{"message_content":"x"}', headers };
    expect((await client.call('PATCH', `${chat}/messages/1`, sent)).status).toBe(200);
  });

  test('is too long: 413', async () => {
    const before = await state();
    for (const { method, path, field } of targets()) {
      await expectProblem(method, path, json({ [field]: 'x'.repeat(128 * 1024) }), 413);
      await expectProblem(method, path, json({ [field]: 'x'.repeat(1024 * 1024) }), 413);
    }
    const messages = Array.from({ length: 300 }, () => ({ message_content: 'x'.repeat(9_000) }));
    await expectProblem('POST', `${chat}/messages/batch`, json({ messages }), 413);
    await expectProblem('POST', `${chat}/search`, json({ search_query: 'x'.repeat(200_000) }), 413);
    expect(await state()).toEqual(before);
  });

  test('is a batch with one mistake: refused as a whole', async () => {
    const before = await state();
    const good = { message_content: 'good' };
    const path = `${chat}/messages/batch`;
    for (const value of [
      {},
      { messages: [] },
      { messages: 'x' },
      { messages: [good, {}] },
      { messages: [good, null] },
      { messages: Array(1001).fill(good) },
      { messages: [good, { message_content: 'x'.repeat(10_001) }] },
      { messages: [good], extra: 1 },
      [good],
    ]) {
      await expectProblem('POST', path, json(value), 422);
    }
    const { body } = await client.post(path, { messages: [good, good, { message_content: 7 }] });
    expect(body.errors[0].path).toBe('/messages/2/message_content');
    await expectProblem('POST', path, raw('{"messages":['), 400);
    await expectProblem('POST', path, { raw: '{}', headers: { 'content-type': 'text/plain' } }, 415);
    expect(await state()).toEqual(before);
  });

  test('has a path with an invalid number: 404, never another chat', async () => {
    for (const number of [
      '0',
      '01',
      '-1',
      '1e3',
      '0x1',
      '%201',
      '1%20',
      '+1',
      '1.0',
      '9007199254740992',
      '99999999999',
      'one',
      '１',
    ]) {
      await expectProblem('GET', `${application}/chats/${number}`, {}, 404);
      await expectProblem('GET', `${application}/chats/${number}/messages`, {}, 404);
      await expectProblem('GET', `${chat}/messages/${number}`, {}, 404);
      await expectProblem('PATCH', `${chat}/messages/${number}`, json({ message_content: 'x' }), 404);
      await expectProblem('POST', `${application}/chats/${number}/messages`, json({ message_content: 'x' }), 404);
      await expectProblem('GET', `${application}/chats/${number}/search?search_query=x`, {}, 404);
    }
  });

  test('names an application or chat that does not exist: 404 everywhere', async () => {
    const stranger = await client.application();
    const places = ['x', UNKNOWN, application.split('/').at(-1)!.toUpperCase(), `${UNKNOWN}x`, "'%20OR%201=1"].map(
      (token) => `/api/applications/${token}`,
    );
    for (const place of places) {
      await expectProblem('GET', place, {}, 404);
      await expectProblem('GET', `${place}/chats`, {}, 404);
      await expectProblem('PATCH', place, json({ application_name: 'x' }), 404);
      await expectProblem('PUT', place, json({ application_name: 'x' }), 404);
      await expectProblem('POST', `${place}/chats`, json({ chat_name: 'x' }), 404);
    }
    for (const place of [...places.map((at) => `${at}/chats/1`), `${application}/chats/77`, `${stranger}/chats/1`]) {
      await expectProblem('GET', place, {}, 404);
      await expectProblem('GET', `${place}/messages`, {}, 404);
      await expectProblem('GET', `${place}/messages/1`, {}, 404);
      await expectProblem('GET', `${place}/search?search_query=x`, {}, 404);
      await expectProblem('POST', `${place}/search`, json({ search_query: 'x' }), 404);
      await expectProblem('PATCH', place, json({ chat_name: 'x' }), 404);
      await expectProblem('PUT', place, json({ chat_name: 'x' }), 404);
      await expectProblem('PUT', `${place}/messages/1`, json({ message_content: 'x' }), 404);
      await expectProblem('POST', place, json({ message_content: 'x' }), 404);
      await expectProblem('POST', `${place}/messages`, json({ message_content: 'x' }), 404);
      await expectProblem('POST', `${place}/messages/batch`, json({ messages: [{ message_content: 'x' }] }), 404);
    }
    await expectProblem('GET', `${chat}/messages/999`, {}, 404);
    await expectProblem('PATCH', `${chat}/messages/999`, json({ message_content: 'x' }), 404);
  });

  test('has an invalid page parameter: 422 that names the parameter', async () => {
    for (const [query, name] of [
      ['limit=0', 'limit'],
      ['limit=abc', 'limit'],
      ['limit=201', 'limit'],
      ['limit=-1', 'limit'],
      ['limit=1e2', 'limit'],
      ['limit=', 'limit'],
      ['after=-1', 'after'],
      ['after=x', 'after'],
      ['before=-5', 'before'],
      ['before=1.5', 'before'],
      ['after=1&before=2', 'before'],
    ]) {
      for (const list of [`${application}/chats`, `${chat}/messages`, '/api/applications']) {
        const { status, body } = await client.get(`${list}?${query}`);
        expect(status, `${list}?${query}`).toBe(422);
        expect(body.errors.map(({ path }: { path: string }) => path)).toContain(name);
      }
    }
    expect((await client.get(`${chat}/search?search_query=x&limit=0`)).status).toBe(422);
  });

  test('uses a method that the path does not have: 405 with Allow', async () => {
    for (const [method, path, allow] of [
      ['DELETE', '/api/applications', 'GET, HEAD, POST'],
      ['PUT', '/api/applications', 'GET, HEAD, POST'],
      ['POST', application, 'DELETE, GET, HEAD, PATCH, PUT'],
      ['DELETE', `${application}/limits`, 'GET, HEAD, PATCH'],
      ['PUT', `${application}/search`, 'GET, HEAD, POST'],
      ['PATCH', `${application}/chats`, 'GET, HEAD, POST'],
      ['OPTIONS', chat, 'DELETE, GET, HEAD, PATCH, POST, PUT'],
      ['POST', `${chat}/messages/1`, 'DELETE, GET, HEAD, PATCH, PUT'],
      ['PUT', `${chat}/reads`, 'GET, HEAD'],
      ['GET', `${chat}/reads/anna`, 'PUT'],
      ['DELETE', `${chat}/reads/a@b%3Ac`, 'PUT'],
      ['PUT', `${chat}/search`, 'GET, HEAD, POST'],
      ['DELETE', `${chat}/messages/batch`, 'POST'],
    ]) {
      await expectProblem(method!, path!, {}, 405);
      expect((await client.call(method!, path!)).headers.get('allow')).toBe(allow!);
    }
  });

  test('has an unknown path: 404', async () => {
    for (const path of ['/api', '/api/nothing', `${chat}/nothing`, '/api/applications/x/y/z']) {
      await expectProblem('GET', path, {}, 404);
    }
  });

  test('has an invalid path: refused, by nginx or by the apps', async () => {
    for (const path of ['/api/applications/%zz', '/..%2f..%2fetc/passwd', `${application}/chats/%zz`]) {
      const response = await fetch(`${client.url}${path}`);
      expect([400, 404]).toContain(response.status);
      expect(response.headers.get('content-type')).toBe('application/problem+json');
    }
  });

  test('is a GET with a body whose query only looks like a search: it stays a GET and creates nothing', async () => {
    const before = await state();
    const body = '{"chat_name":"made by GET"}';
    const headers = { 'content-type': 'application/json' };
    for (const path of [`${application}/chats?x=/search`, `${application}/chats?/search?`]) {
      const answer = await rawHttp(client.url, { method: 'GET', path, headers, body });
      expect(answer.status).toBe(422);
    }
    const answer = await rawHttp(client.url, { method: 'GET', path: `${application}/chats?limit=5`, headers, body });
    expect(answer.status).toBe(200);
    expect(await state()).toEqual(before);
  });
});
