import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { newSecretKey } from '@parley/domain';
import { createLogger } from '@parley/runtime';
import type { AnyElysia } from 'elysia';
import { httpApp } from '../app.ts';
import { OPERATIONS } from '../contract/operations.ts';
import { type HttpServer, serve } from '../server.ts';
import { ADMIN_KEY, OTHER, OWN, openedAccess } from '../testing/opened-access.ts';

/** Once by Bun's router and once by Elysia's, which the standalone uses. */
describe.each(['Bun', 'Elysia'] as const)('with keys on, by the router of %s', (router) => {
  let its: Awaited<ReturnType<typeof openedAccess>>;
  let server: HttpServer;
  let app: AnyElysia;
  let handled = 0;
  beforeAll(async () => {
    its = await openedAccess({ adminKeys: [ADMIN_KEY] });
    const handle = async ({ caller }: { caller: object }) => {
      handled += 1;
      return { item: caller, items: [caller], etag: '"1"' };
    };
    const ids = [
      'createMessage',
      'getMessage',
      'listMessages',
      'createApplication',
      'updateChat',
      'revokeKey',
    ] as const;
    const routes = ids.map((id) => ({ operation: OPERATIONS[id], handle }));
    app = httpApp({ logger: createLogger('test', 'silent'), registry: its.registry, routes, access: its.access });
    app.get('/healthz', () => 'alive');
    server = serve(app, { host: '127.0.0.1', port: 0 });
  });
  afterAll(() => server.stop(0));

  const at = (token: string, rest = '/chats/1/messages') => `/api/applications/${token}${rest}`;
  async function ask(method: string, path: string, credential?: string, body?: string) {
    const headers = new Headers(credential === undefined ? {} : { authorization: `Bearer ${credential}` });
    if (body !== undefined) headers.set('content-type', 'application/json');
    const init = { method, headers, ...(body !== undefined && { body }) };
    const asked =
      router === 'Bun'
        ? fetch(`http://127.0.0.1:${server.port}${path}`, init)
        : app.fetch(new Request(`http://localhost${path}`, init));
    for (let settled = false; !settled; await its.clock.advance(50)) {
      settled = await Promise.race([Promise.resolve(asked).then(() => true), Bun.sleep(5).then(() => false)]);
    }
    const response = await asked;
    const text = await response.text();
    const id = response.headers.get('x-request-id');
    expect(id).not.toBeNull();
    return { status: response.status, challenge: response.headers.get('www-authenticate'), text };
  }

  test('no credential is a 401 with a challenge, a wrong one says so too; nothing is read of the request', async () => {
    const before = handled;
    for (const [method, path, body] of [
      ['GET', `${at(OWN)}?x=1`],
      ['POST', at(OWN), 'no json'],
      ['POST', '/api/applications', 'no json'],
      ['GET', at('garbage')],
      ['PATCH', at(OWN, '/chats/x'), '{}'],
    ] as const) {
      expect(await ask(method, path, undefined, body)).toMatchObject({
        ...{ status: 401, challenge: 'Bearer realm="parley"' },
      });
      for (const credential of ['x', newSecretKey(), 'a.b.c']) {
        const answer = await ask(method, path, credential, body);
        expect(answer.status).toBe(401);
        expect(answer.challenge).toBe('Bearer realm="parley", error="invalid_token"');
        expect(answer.text).not.toContain(credential);
      }
    }
    expect(handled).toBe(before);
  });

  test('health and wrong addresses need none', async () => {
    expect((await ask('GET', '/nowhere')).status).toBe(404);
    expect((await ask('DELETE', at(OWN))).status).toBe(405);
    const answer = await app.fetch(new Request('http://localhost/healthz'));
    expect(answer.status).toBe(200);
  });

  test('another application is a 404 like one that does not exist, whatever the body', async () => {
    const { text: key } = its.keys.make(OWN, { scopes: ['messages:read'] });
    const bodies = [
      await ask('POST', at(OTHER), key, '{"message_content":"x"}'),
      await ask('POST', at(OTHER), key, 'x'),
    ];
    for (const { status, text } of bodies) {
      expect(status).toBe(404);
      expect(JSON.parse(text)).toEqual({
        ...{ type: 'about:blank', title: 'Not Found', status: 404, detail: 'There is no such chat.' },
      });
    }
    expect((await ask('DELETE', at(OTHER, '/keys/x'), key)).text).toContain('There is no such application.');
  });

  test('a missing right is a 403, before the body is looked at', async () => {
    const { text: key } = its.keys.make(OWN, { scopes: ['messages:read'] });
    expect((await ask('GET', at(OWN), key)).status).toBe(200);
    const answer = await ask('POST', at(OWN), key, 'no json');
    expect([answer.status, answer.challenge]).toEqual([403, null]);
    expect((await ask('POST', '/api/applications', key, '{"application_name":"x"}')).status).toBe(403);
  });

  test('the handler gets the caller', async () => {
    const { text: key, id } = its.keys.make(OWN);
    expect(JSON.parse((await ask('GET', at(OWN, '/chats/1/messages/1'), key)).text)).toMatchObject({
      kind: 'key',
      key: id,
    });
    expect(JSON.parse((await ask('GET', at(OTHER, '/chats/1/messages/1'), ADMIN_KEY)).text)).toMatchObject({
      kind: 'admin',
    });
  });

  test('a wrong id of a key is a 404, of a key', async () => {
    for (const id of ['x', '1', OWN.toUpperCase()]) {
      expect((await ask('DELETE', at(OWN, `/keys/${id}`), ADMIN_KEY)).text).toContain('There is no such key.');
    }
    expect((await ask('DELETE', at(OWN, `/keys/${OTHER}`), ADMIN_KEY)).status).toBe(204);
  });
});
