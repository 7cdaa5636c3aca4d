import { afterEach, expect, test } from 'bun:test';
import { until } from '@parley/testing';
import { Client } from './client.ts';
import { Credentials } from './credentials.ts';
import { RevokedKeys } from './revoked.ts';

const servers: { stop(): unknown }[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.stop();
});

/** A system that revokes keys, and refuses revoked ones if `refuses`. Returns its URL. */
function system(refuses: boolean): string {
  const revoked = new Set<string>();
  let made = 0;
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: ({ method, url, headers }) => {
      const { pathname } = new URL(url);
      const by = headers.get('authorization')?.replace('Bearer ', '') ?? '';
      if (refuses && revoked.has(by.replace('user of ', ''))) return new Response('', { status: 401 });
      if (method === 'DELETE') {
        revoked.add(`key ${pathname.split('/').at(-1)}`);
        return new Response(null, { status: 204 });
      }
      if (pathname.endsWith('/keys')) {
        made += 1;
        return Response.json({ id: String(made), secret_key: `key ${made}` }, { status: 201 });
      }
      if (pathname.endsWith('/sessions')) return Response.json({ access_token: `user of ${by}` }, { status: 201 });
      if (pathname.endsWith('/applications')) return Response.json({ application_token: 'a' }, { status: 201 });
      return Response.json([], { status: method === 'POST' ? 201 : 200 });
    },
  });
  servers.push(server);
  return `http://127.0.0.1:${server.port}`;
}

function watch(url: string, honouredMsMax: number) {
  const honoured: string[] = [];
  return { honoured, keys: new RevokedKeys(url, new Credentials(url, 'admin'), honoured, honouredMsMax) };
}

test('a system that refuses revoked keys at once is without findings', async () => {
  const { honoured, keys } = watch(system(true), 100);
  await keys.prepare();
  keys.start();
  await Bun.sleep(300);
  await keys.stop();
  expect(keys.revoked).toBeGreaterThan(0);
  expect([keys.longestMs, honoured]).toEqual([0, []]);
});

test('a revoked key that is let in is found', async () => {
  const { honoured, keys } = watch(system(false), 100);
  await keys.prepare();
  keys.start();
  await until('it is found', () => honoured.length > 0);
  await keys.stop();
  expect(keys.longestMs).toBeGreaterThan(100);
});

test('the load notes each refusal of its credentials', async () => {
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('', { status: 403 }) });
  servers.push(server);
  const url = `http://127.0.0.1:${server.port}`;
  const denied: string[] = [];
  await new Client(url, new Credentials(url, 'admin'), denied).read({ token: 'a', chat: 1, number: 2 });
  expect(denied).toEqual(['403 for GET /api/applications/a/chats/1/messages/2']);
});
