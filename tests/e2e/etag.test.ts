import { beforeAll, describe, expect, test } from 'bun:test';
import type { Client } from '../support/client.ts';
import { e2eChat } from '../support/e2e.ts';

let client: Client;
let application: string;
let chat: string;
let message: string;
beforeAll(async () => {
  ({ client, application, chat } = await e2eChat());
  message = `${chat}/messages/1`;
});

const objects = () => [
  { path: application, field: 'application_name' },
  { path: chat, field: 'chat_name' },
  { path: message, field: 'message_content' },
];
const tagOf = async (path: string) => (await client.get(path)).headers.get('etag') ?? '';

describe('an ETag', () => {
  test('is in the answer of a GET, a HEAD, a PATCH and a PUT, and changes with each change', async () => {
    for (const { path, field } of objects()) {
      const seen = [await tagOf(path)];
      expect(seen[0]).toMatch(/^"[0-9]+(-[0-9]+)?"$/);
      expect((await client.call('HEAD', path)).headers.get('etag')).toBe(seen[0] ?? '');
      for (const method of ['PATCH', 'PUT']) {
        const changed = await client.call(method, path, { json: { [field]: `by ${method}` } });
        seen.push(changed.headers.get('etag') ?? '');
        expect(await tagOf(path)).toBe(seen.at(-1) ?? '');
      }
      expect(new Set(seen).size).toBe(3);
    }
  });

  test('of a chat changes with its count, so that a client sees new messages', async () => {
    const other = await client.chat('Counted', application);
    const before = await tagOf(other);
    await client.messages(other, ['a']);
    await client.get(`${other}/messages/1`);
    for (let looks = 0; (await tagOf(other)) === before; looks += 1) {
      if (looks > 100) throw new Error('the count is not in the ETag');
      await Bun.sleep(50);
    }
    const headers = { 'if-none-match': before };
    expect((await client.get(other, { headers })).status).toBe(200);
  });
});

describe('If-None-Match', () => {
  test('with the present ETag is a 304 without a body', async () => {
    for (const { path } of objects()) {
      const etag = await tagOf(path);
      for (const value of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
        const answer = await client.get(path, { headers: { 'if-none-match': value } });
        expect([answer.status, answer.body], value).toEqual([304, '']);
        expect(answer.headers.get('etag')).toBe(etag);
        expect(answer.headers.get('x-request-id')).toBeString();
      }
      for (const value of ['"other"', etag.slice(1, -1), '"']) {
        expect((await client.get(path, { headers: { 'if-none-match': value } })).status, value).toBe(200);
      }
    }
  });
});

describe('If-Match', () => {
  const call = (method: string, path: string, json: object, ifMatch: string) =>
    client.call(method, path, { json, headers: { 'if-match': ifMatch } });

  test('with the present version changes the object; with another one it is a 412, and nothing changes', async () => {
    for (const { path, field } of objects()) {
      for (const method of ['PATCH', 'PUT']) {
        const old = await tagOf(path);
        const changed = await call(method, path, { [field]: 'first' }, old);
        expect(changed.status).toBe(200);
        const before = (await client.get(path)).body;
        for (const value of [old, `W/${old}`, '"0"', '"x"', `${old}, "999999"`]) {
          const refused = await call(method, path, { [field]: 'late' }, value);
          expect(refused.status, `${method} ${path} ${value}`).toBe(412);
        }
        expect((await client.get(path)).body).toEqual(before);
        const etag = changed.headers.get('etag') ?? '';
        expect((await call(method, path, { [field]: 'listed' }, `${old}, W/${etag}`)).status).toBe(200);
        expect((await call(method, path, { [field]: 'any' }, '*')).status).toBe(200);
      }
    }
  });

  test('ignores the count in an owner’s ETag', async () => {
    const other = await client.chat('Counted', application);
    const etag = await tagOf(other);
    await client.messages(other, ['a', 'b']);
    await client.get(`${other}/messages/2`);
    expect((await call('PATCH', other, { chat_name: 'Renamed' }, etag)).status).toBe(200);
  });

  test('that is no list of ETags is a 422, so that nobody overwrites by mistake', async () => {
    for (const { path, field } of objects()) {
      for (const value of ['1', '"1', 'x"1"', '"1" "2"']) {
        for (const method of ['PATCH', 'PUT', 'DELETE']) {
          const refused = await call(method, path, { [field]: 'x' }, value);
          expect([refused.status, refused.body.errors?.[0].path], value).toEqual([422, 'If-Match']);
        }
      }
    }
  });

  test('guards a delete as well', async () => {
    const doomed = await client.chat('Doomed');
    await client.messages(doomed, ['a']);
    const owner = doomed.slice(0, doomed.indexOf('/chats'));
    for (const path of [`${doomed}/messages/1`, doomed, owner]) {
      const etag = await tagOf(path);
      expect((await client.delete(path, { 'if-match': '"999999"' })).status, path).toBe(412);
      expect((await client.get(path)).status).toBe(200);
      expect((await client.delete(path, { 'if-match': etag })).status).toBe(204);
      expect((await client.delete(path, { 'if-match': '"999999"' })).status, 'again').toBe(204);
    }
  });

  test('lets fifty clients change one message, and no change is lost', async () => {
    const counter = await client.chat('Counter');
    await client.post(counter, { message_content: 'x', metadata: { count: 0 } });
    const path = `${counter}/messages/1`;
    let refusals = 0;
    const written: string[] = [];
    const add = async () => {
      for (let tries = 0; tries < 500; tries += 1) {
        const { body, headers } = await client.get(path);
        const metadata = { count: body.metadata.count + 1 };
        const { status, headers: changed } = await call('PATCH', path, { metadata }, headers.get('etag') ?? '');
        if (status === 200) {
          written.push(changed.get('etag') ?? '');
          return;
        }
        expect(status).toBe(412);
        refusals += 1;
      }
      throw new Error('a client never came to its turn');
    };
    await Promise.all(Array.from({ length: 50 }, add));
    const after = await client.get(path);
    expect(after.body.metadata).toEqual({ count: 50 });
    const versions = written.map((etag) => Number(etag.replaceAll('"', ''))).sort((a, b) => a - b);
    expect(versions).toEqual(Array.from({ length: 50 }, (_, index) => index + 2));
    expect(refusals).toBeGreaterThan(0);
  }, 120_000);
});
