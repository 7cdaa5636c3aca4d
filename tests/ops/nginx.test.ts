/** Tests of nginx/: where each request goes, which are never sent twice, and how nginx's own errors look. */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { methodsOf, NORMAL_PATH } from '@parley/http';
import { reasonAgainst } from '@parley/stack/install/machine';
import { serverLines } from '@parley/stack/nginx';
import { freePort, tellLeftOut, until } from '@parley/testing';
import { pathTricks } from '../support/path-tricks.ts';
import { type RawAnswer, sendRaw } from '../support/raw.ts';
import type { Echo, Nginx, Upstream } from './nginx-harness.ts';
import { echoUpstream, silentUpstream, startNginx } from './nginx-harness.ts';

const INSTALL_AND_START_MS = 300_000;
const CHATS = '/api/applications/0f1e/chats';
const CREATE_PATHS = [
  '/api/applications',
  CHATS,
  `${CHATS}/1`,
  `${CHATS}/1/messages`,
  `${CHATS}/1/messages/batch`,
  `${CHATS}/1/messages/`,
];
const SINGLE_BYTES_MAX = 128 * 1024;
const BATCH_BYTES_MAX = 2 * 1024 * 1024;

const unsupported = await reasonAgainst();
if (unsupported !== undefined) tellLeftOut('nginx', unsupported);

async function echoOf(response: Response | Promise<Response>): Promise<Echo> {
  return (await (await response).json()) as Echo;
}

function expectProblem(answer: RawAnswer, status: number): void {
  expect(answer.status).toBe(status);
  expect(answer.headers['content-type']).toBe('application/problem+json');
  expect(answer.headers['x-request-id']).toBeString();
  const problem = JSON.parse(answer.body);
  expect(problem).toEqual({ type: 'about:blank', title: expect.any(String), status, detail: expect.any(String) });
}

/** The answer of so many letters that a query asks for; undefined if it asks for none. */
function answerOf(query: URLSearchParams): Response | undefined {
  const letters = query.get('letters');
  if (letters === null) return undefined;
  const headers = { 'content-type': query.get('type') ?? 'application/json', etag: '"3"' };
  return new Response(JSON.stringify('x'.repeat(Number(letters))), { headers });
}

async function rawOf(response: Response): Promise<RawAnswer> {
  return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() };
}

describe.skipIf(unsupported !== undefined)('nginx', () => {
  const stops: (() => void | Promise<void>)[] = [];
  const keep = <Part extends { stop: () => void | Promise<void> }>(part: Part): Part => {
    stops.push(() => part.stop());
    return part;
  };
  let nginx: Nginx;
  let ingest: Upstream;
  let api: Upstream;
  const to = (path: string, init?: BunFetchRequestInit): Promise<Response> =>
    fetch(`http://127.0.0.1:${nginx.port}${path}`, init);
  const post = (path: string, body: string, headers: Record<string, string> = {}): Promise<Response> =>
    to(path, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });

  beforeAll(async () => {
    ingest = keep(echoUpstream('ingest'));
    api = keep(
      echoUpstream('api', (request) =>
        request.url.endsWith('/busy')
          ? new Response('{"own":true}', { status: 503, headers: { 'retry-after': '7', 'x-request-id': 'theirs' } })
          : answerOf(new URL(request.url).searchParams),
      ),
    );
    nginx = keep(await startNginx({ ingestPorts: [ingest.port], apiPorts: [api.port] }));
  }, INSTALL_AND_START_MS);

  afterAll(async () => {
    for (const stopPart of stops.reverse()) await stopPart();
  });

  describe('compression', () => {
    const asking = async (query: string, encoding: string) => {
      const headers = { 'accept-encoding': encoding };
      const response = await to(`${CHATS}?${query}`, { headers, decompress: false });
      return { response, bytes: await response.bytes() };
    };

    test('a long answer is compressed for those who ask for it, and its ETag becomes weak', async () => {
      const { response, bytes } = await asking('letters=8000', 'gzip, deflate, br');
      expect(response.headers.get('content-encoding')).toBe('gzip');
      expect(response.headers.get('vary')).toContain('Accept-Encoding');
      expect(response.headers.get('etag')).toBe('W/"3"');
      expect(bytes.length).toBeLessThan(1_000);
      expect(new TextDecoder().decode(Bun.gunzipSync(bytes))).toBe(JSON.stringify('x'.repeat(8_000)));
    });

    test.each([
      ['letters=8000', 'identity', 8_002],
      ['letters=8000', 'br', 8_002],
      ['letters=1000', 'gzip', 1_002],
      ['letters=8000&type=text/event-stream', 'gzip', 8_002],
    ])('%s for "%s" comes as it is', async (query, encoding, length) => {
      const { response, bytes } = await asking(query, encoding);
      expect([response.headers.get('content-encoding'), response.headers.get('etag')]).toEqual([null, '"3"']);
      expect(bytes.length).toBe(length);
    });
  });

  describe('routing', () => {
    test.each(CREATE_PATHS)('POST %s goes to ingest', async (path) => {
      expect(await echoOf(post(path, '{"a":1}'))).toMatchObject({
        app: 'ingest',
        method: 'POST',
        path,
        body: '{"a":1}',
      });
    });

    test.each(CREATE_PATHS)('GET, PUT, PATCH, DELETE and OPTIONS %s go to the api', async (path) => {
      for (const method of ['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
        expect(await echoOf(to(path, { method }))).toMatchObject({ app: 'api', method });
      }
    });

    test.each([
      `${CHATS}/1/search`,
      '/api/applications/0f1e/search',
      '/api/applications/0f1e',
      `${CHATS}/1/messages/5`,
      '/api',
      '/elsewhere',
    ])('POST %s goes to the api', async (path) => {
      expect(await echoOf(post(path, '{}'))).toMatchObject({ app: 'api', method: 'POST', path });
    });

    test('the docs page comes from the api', async () => {
      expect(await echoOf(to('/swagger'))).toMatchObject({ app: 'api', path: '/swagger' });
    });

    test('the app gets the address as it was sent, with its escapes', async () => {
      const path = `${CHATS}/1/search?search_query=a%2Fb%20c&limit=5`;
      expect(await echoOf(to(path))).toMatchObject({ app: 'api', path });
      expect(await echoOf(post('/api/applications/a%40b/chats', '{}'))).toMatchObject({
        path: '/api/applications/a%40b/chats',
      });
    });

    test('health is answered by nginx itself, and the apps’ own health and metrics are not public', async () => {
      const before = ingest.seen() + api.seen();
      expect(await rawOf(await to('/healthz'))).toMatchObject({ status: 200, body: '{"status":"ok"}' });
      for (const path of ['/readyz', '/metrics', '/metrics/', '/healthz/', '/livez']) {
        expectProblem(await rawOf(await to(path)), 404);
      }
      expect(ingest.seen() + api.seen()).toBe(before);
    });

    test.each(['a', 'api', 'web:80', 'a%zz', '256.256.256.256', '[::1]:8080'])(
      'the apps get a fixed Host, and a client’s Host %s in another header',
      async (host) => {
        const { body } = await sendRaw(nginx.port, `GET /x HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
        expect(JSON.parse(body).headers).toMatchObject({ host: 'parley', 'x-forwarded-host': host });
      },
    );

    test('a client’s own proxy headers are not trusted', async () => {
      const said = 'X-Forwarded-Host: evil.example\r\nConnection: close\r\n';
      const withHost = await sendRaw(nginx.port, `GET /x HTTP/1.1\r\nHost: a\r\n${said}\r\n`);
      expect(JSON.parse(withHost.body).headers['x-forwarded-host']).toBe('a');
      const secure = await sendRaw(nginx.port, `GET /x HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: https\r\n${said}\r\n`);
      expect(JSON.parse(secure.body).headers['x-forwarded-proto']).toBe('http');
      const without = await sendRaw(nginx.port, `GET /x HTTP/1.0\r\n${said}\r\n`);
      expect(JSON.parse(without.body).headers['x-forwarded-host']).toBeUndefined();
    });

    test.each([
      ['http://a/x', 'evil.example', 'a'],
      ['http://a:81/x', 'evil.example:81', 'a'],
      ['http://a/x', 'a:8080', 'a:8080'],
      ['/x', 'A.:8080', 'A.:8080'],
      ['/x', '[::1]:8080', '[::1]:8080'],
    ])('the host of %s with Host: %s is passed on as %s', async (line, host, told) => {
      const { body } = await sendRaw(nginx.port, `GET ${line} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      expect(JSON.parse(body).headers['x-forwarded-host']).toBe(told);
    });

    test('health accepts GET and HEAD only', async () => {
      const answer = await to('/healthz', { method: 'DELETE' });
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    });

    test('its own metrics are on another port', async () => {
      const status = await fetch(`http://127.0.0.1:${nginx.statusPort}/nginx_status`);
      expect(await status.text()).toContain('Active connections');
      expect(await echoOf(to('/nginx_status'))).toMatchObject({ app: 'api' });
    });
  });

  describe.each([`${CHATS}/1/search`, '/api/applications/0f1e/search'])('a search with GET %s', (path) => {
    const searching = async (more: string): Promise<Echo> => {
      const answer = await sendRaw(
        nginx.port,
        `GET ${path}?limit=3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${more}`,
      );
      expect(answer.status).toBe(200);
      return JSON.parse(answer.body);
    };

    test('reaches the api as a POST if it has a body', async () => {
      const body = '{"search_query":"öl"}';
      const seen = await searching(
        `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      );
      expect(seen).toMatchObject({ app: 'api', method: 'POST', path: `${path}?limit=3`, body });
      expect(seen.headers['content-type']).toBe('application/json');
    });

    test('reaches the api as a POST if its body is chunked', async () => {
      const seen = await searching(
        'Transfer-Encoding: Chunked\r\n\r\n7\r\n{"search\r\n0\r\n\r\n'.replace('7\r', '8\r'),
      );
      expect(seen).toMatchObject({ app: 'api', method: 'POST', body: '{"search' });
    });

    test('stays a GET if it has no body', async () => {
      expect(await searching('\r\n')).toMatchObject({ app: 'api', method: 'GET', body: '' });
      expect(await searching('Content-Length: 0\r\n\r\n')).toMatchObject({ method: 'GET', body: '' });
    });

    test('may have 1,000 emoji in its address', async () => {
      const query = encodeURIComponent('🦜'.repeat(1_000));
      expect((await to(`${path}?search_query=${query}`)).status).toBe(200);
    });
  });

  describe('sizes', () => {
    test('a single create may have 128 KiB and no byte more', async () => {
      const accepted = await echoOf(post(`${CHATS}/1/messages`, 'x'.repeat(SINGLE_BYTES_MAX)));
      expect(accepted.body.length).toBe(SINGLE_BYTES_MAX);
      const before = ingest.seen();
      expectProblem(await rawOf(await post(`${CHATS}/1/messages`, 'x'.repeat(SINGLE_BYTES_MAX + 1))), 413);
      expect(ingest.seen()).toBe(before);
    });

    test('a batch may have 2 MiB and no byte more', async () => {
      const accepted = await echoOf(post(`${CHATS}/1/messages/batch`, 'x'.repeat(BATCH_BYTES_MAX)));
      expect(accepted.app).toBe('ingest');
      expect(accepted.body.length).toBe(BATCH_BYTES_MAX);
      expectProblem(await rawOf(await post(`${CHATS}/1/messages/batch`, 'x'.repeat(BATCH_BYTES_MAX + 1))), 413);
    });

    test('an update and a search have the same limit as a single create', async () => {
      const body = 'x'.repeat(SINGLE_BYTES_MAX + 1);
      expectProblem(await rawOf(await to(`${CHATS}/1/messages/1`, { method: 'PUT', body })), 413);
      expectProblem(await rawOf(await post(`${CHATS}/1/search`, body)), 413);
    });
  });

  describe('request ids', () => {
    test('a caller’s is kept: upstream, in the answer and in the log', async () => {
      const id = `caller-${crypto.randomUUID()}`;
      const response = await post('/api/applications', '{}', { 'X-Request-Id': id });
      expect(response.headers.get('x-request-id')).toBe(id);
      expect((await echoOf(response)).headers['x-request-id']).toBe(id);
      const line = await logLine(id);
      expect(line).toMatchObject({ method: 'POST', uri: '/api/applications', status: 200, upstream_status: '200' });
      expect(line.seconds).toBeNumber();
    });

    test.each(['', 'a b', 'x"y', '<script>', 'x'.repeat(129)])(
      'the invalid id %p is replaced by a new one',
      async (id) => {
        const response = await to('/api/applications', { headers: { 'X-Request-Id': id } });
        expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f]{32}$/);
        expect((await echoOf(response)).headers['x-request-id']).toBe(response.headers.get('x-request-id') ?? '');
      },
    );

    test('the log stays JSON whatever a client sends', async () => {
      const id = `odd-${crypto.randomUUID()}`;
      await to(`/api/"${encodeURIComponent('\n')}`, { headers: { 'X-Request-Id': id, 'User-Agent': 'a"b\\c' } });
      expect(await logLine(id)).toMatchObject({ user_agent: 'a"b\\c' });
    });

    test('the log has no user’s id', async () => {
      const id = crypto.randomUUID();
      await to(`${CHATS}/7/reads/anna%40example.com`, { method: 'PUT', headers: { 'x-request-id': id } });
      expect((await logLine(id)).uri).toBe('/api/applications/:token/chats/7/reads/:user_id');
    });

    test('the log has no token and no text of a search, unless it is configured to', async () => {
      const path = '/api/applications/5ecret/chats/7/search?search_query=private';
      const id = `short-${crypto.randomUUID()}`;
      await to(path, { headers: { 'X-Request-Id': id } });
      expect((await logLine(id)).uri).toBe('/api/applications/:token/chats/7/search');
      await to('/other?private', { headers: { 'X-Request-Id': `${id}-2` } });
      expect((await logLine(`${id}-2`)).uri).toBe('/other');
      expect(nginx.accessLog()).not.toMatch(/5ecret|private/);

      const variables = { NGINX_LOG_ADDRESSES: 'full' };
      const full = keep(await startNginx({ ingestPorts: [ingest.port], apiPorts: [api.port], variables }));
      await fetch(`http://127.0.0.1:${full.port}${path}`);
      await until('the address is in the log', async () => full.accessLog().includes(path), 5_000);
    });

    const logLine = async (id: string): Promise<Record<string, unknown>> => {
      const find = (): string | undefined =>
        nginx
          .accessLog()
          .split('\n')
          .find((line) => line.includes(id));
      await until('the request is in the log', async () => find() !== undefined, 5_000);
      return JSON.parse(find() ?? '');
    };
  });

  describe('errors', () => {
    test('an app’s own errors pass unchanged', async () => {
      const answer = await rawOf(await to('/api/busy'));
      expect(answer).toMatchObject({ status: 503, body: '{"own":true}' });
      expect(answer.headers['retry-after']).toBe('7');
      expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f]{32}$/);
    });

    test.each([
      [400, 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'],
      [431, `GET / HTTP/1.1\r\nHost: a\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`],
      [400, 'GET /a/../b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'],
      [501, 'BREW / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'],
      [501, 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n'],
      [505, 'GET / HTTP/9.9\r\nHost: a\r\n\r\n'],
      [405, 'TRACE / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'],
      [414, `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`],
    ])('%d is a problem document', async (status, request) => {
      expectProblem(await sendRaw(nginx.port, request), status);
    });
  });

  test.each([
    ...['/api/applications', '/api/applications/', '/api/applications/t/chats/1/messages/2'],
    ...['/api/applications/t/chats/1/search', '/api/applications/t/chats/1/messages/batch/?a=b'],
    ...['/swagger', '/swagger/json', '/openapi.json', '/', '/swagger/assets/start.js'],
  ])('its own 405 for %s allows what the apps do', async (path) => {
    const answer = await sendRaw(nginx.port, `TRACE ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    expect(answer.headers.allow).toBe(methodsOf(path.replace(/\?.*/, '')).join(', '));
  });

  describe('with a location that the operator denies', () => {
    const denied = ['/api/applications', '/private'];
    let port: number;
    beforeAll(async () => {
      const rules = denied.map((path) => `location ^~ ${path} { return 403; }`).join('\n');
      port = keep(await startNginx({ ingestPorts: [ingest.port], apiPorts: [api.port], rules })).port;
    });

    test('no other spelling of the address gets past the rule', async () => {
      for (const path of [...denied, '/metrics']) {
        const tricks = [path, ...pathTricks(path)];
        const answers = await Promise.all(
          tricks.map((trick) => sendRaw(port, `GET ${trick} HTTP/1.1\r\nHost: api\r\nConnection: close\r\n\r\n`)),
        );
        const went = answers.flatMap(({ status, body }) => (status === 200 ? [(JSON.parse(body) as Echo).path] : []));
        const reads = (sent: string) => decodeURI(new URL(sent, 'http://a').pathname.replaceAll(/%(?![2-7])/g, '%25'));
        expect(went.filter((sent) => reads(sent).startsWith(path))).toEqual([]);
        expect(went.length).toBeGreaterThan(0); // spellings of other paths, such as `/;/metrics`, pass the rule
        expect(answers[0]?.status).not.toBe(200);
      }
    });
  });

  describe('with a list of allowed Hosts', () => {
    let port: number;
    beforeAll(async () => {
      const variables = { NGINX_ALLOWED_HOSTS: 'chat.example, 127.0.0.1,[::1]' };
      port = keep(await startNginx({ ingestPorts: [ingest.port], apiPorts: [api.port], variables })).port;
    });
    const called = (host: string, path = '/x') =>
      sendRaw(port, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);

    test.each(['chat.example', 'CHAT.example:8080', '127.0.0.1', '[::1]:80'])(
      'the Host %s is accepted',
      async (host) => {
        expect((await called(host)).status).toBe(200);
      },
    );

    test.each(['evil.example', 'chat.example.evil', 'a.chat.example', 'chat.exampl', 'example', ','])(
      'the Host %s is refused',
      async (host) => {
        expectProblem(await called(host), 421);
      },
    );

    test('the internal error pages do not bypass the list', async () => {
      for (const path of ['/_problems/400', '/_problems/x', '/_problems/..\\..\\metrics', '/x/../_problems/400']) {
        const { status, headers } = await called('evil.example', path);
        expect([status, headers['content-type']]).toEqual([
          path.endsWith('/400') ? 404 : 421,
          'application/problem+json',
        ]);
      }
    });

    test('/healthz accepts any address as its Host', async () => {
      expect((await called('10.1.2.3', '/healthz')).status).toBe(200);
    });
  });

  test('beyond the limit of concurrent requests of one address the next one is 429', async () => {
    const hanging = keep(silentUpstream('hangs'));
    const variables = { NGINX_CONNECTIONS_PER_ADDRESS: '3' };
    const { port } = keep(await startNginx({ ingestPorts: [hanging.port], apiPorts: [api.port], variables }));
    const held = Array.from({ length: 3 }, () =>
      fetch(`http://127.0.0.1:${port}${CHATS}`, { method: 'POST', body: '{}' }).then((response) => response.status),
    );
    await until('three requests hang', async () => hanging.seen() === 3, 5_000);
    expectProblem(await rawOf(await fetch(`http://127.0.0.1:${port}/x`)), 429);
    expect(await Promise.all(held)).toEqual([503, 503, 503]);
    expect((await fetch(`http://127.0.0.1:${port}/x`)).status).toBe(200);
  });

  test('a body is passed to the app as it arrives, so that the app can refuse a slow one', async () => {
    const { promise: begun, resolve } = Promise.withResolvers<void>();
    const late = keep(
      echoUpstream('ingest', (request) => {
        resolve();
        request.text().catch(() => {}); // the body never ends: the client sends only a part
        return Response.json({ status: 408 }, { status: 408, headers: { connection: 'close' } });
      }),
    );
    const { port } = keep(await startNginx({ ingestPorts: [late.port], apiPorts: [api.port] }));
    const head = `POST ${CHATS} HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n`;
    const answer = sendRaw(port, `${head}only a part`);
    await begun;
    expect((await answer).status).toBe(408);
  });

  test('nginx and the apps have the same regular expression for a normal path', () => {
    const template = readFileSync(`${import.meta.dir}/../../nginx/nginx.conf.template`, 'utf8');
    const [, expression] = /map \$request_uri \$parley_normal_path \{[^"]*"~([^"]*)" 1;/.exec(template) ?? [];
    const ours = NORMAL_PATH.source.replaceAll('\\/', '/').replace('(?:/|$)', '(?:[/?]|$)').replace(/\$$/, '(?:[?]|$)');
    expect(expression).toBe(ours);
  });

  describe('with a part of the system unreachable', () => {
    const before = async (ingestPorts: readonly number[], apiPorts: readonly number[] = [api.port]): Promise<number> =>
      keep(await startNginx({ ingestPorts, apiPorts })).port;
    const create = (port: number): Promise<Response> =>
      fetch(`http://127.0.0.1:${port}${CHATS}`, { method: 'POST', body: '{}' });

    test('an ingest that refuses connections fails no create', async () => {
      const port = await before([freePort(), ingest.port]);
      for (let i = 0; i < 20; i += 1) expect(await echoOf(create(port))).toMatchObject({ app: 'ingest' });
    });

    test('without any ingest a create is 503 with Retry-After', async () => {
      const answer = await rawOf(await create(await before([freePort(), freePort()])));
      expectProblem(answer, 503);
      expect(answer.headers['retry-after']).toBe('1');
    });

    test('nginx starts with the servers of docker-compose.yml before their names resolve', async () => {
      const variables = {
        NGINX_RESOLVER: `resolver 127.0.0.1:${freePort()} valid=2s ipv6=off;`,
        NGINX_INGEST_SERVERS: serverLines(['ingest:3000 resolve']),
        NGINX_API_SERVERS: serverLines(['api:3000 resolve']),
      };
      const { port } = keep(await startNginx({ ingestPorts: [], apiPorts: [], variables }));
      expectProblem(await rawOf(await create(port)), 503);
    });

    test('a large batch without an ingest is 503 too, not 413', async () => {
      const port = await before([freePort()]);
      const body = 'x'.repeat(1_000_000);
      const response = await fetch(`http://127.0.0.1:${port}${CHATS}/1/messages/batch`, { method: 'POST', body });
      expectProblem(await rawOf(response), 503);
    });

    test('a create is not sent again if its ingest dies after it got it', async () => {
      const dying = [keep(silentUpstream('dies')), keep(silentUpstream('dies'))];
      const port = await before(dying.map((upstream) => upstream.port));
      const answer = await rawOf(await create(port));
      expectProblem(answer, 503);
      expect(answer.headers['retry-after']).toBe('1');
      expect(dying.reduce((sum, upstream) => sum + upstream.seen(), 0)).toBe(1);
    });

    test('if an ingest hangs, the create is 503 after about four seconds, and is not sent again', async () => {
      const hanging = [keep(silentUpstream('hangs')), keep(silentUpstream('hangs'))];
      const port = await before(hanging.map((upstream) => upstream.port));
      const startedAt = performance.now();
      expectProblem(await rawOf(await create(port)), 503);
      expect(performance.now() - startedAt).toBeWithin(3_500, 8_000);
      expect(hanging.reduce((sum, upstream) => sum + upstream.seen(), 0)).toBe(1);
    }, 20_000);

    test('a GET is sent to another api if its api dies', async () => {
      const dying = keep(silentUpstream('dies'));
      const port = await before([ingest.port], [dying.port, api.port]);
      for (let i = 0; i < 4; i += 1) {
        expect(await echoOf(fetch(`http://127.0.0.1:${port}/api/applications`))).toMatchObject({ app: 'api' });
      }
      expect(dying.seen()).toBeGreaterThan(0);
    });

    test('a PUT with If-Match is not sent again if its api dies: it would be refused because of its own change', async () => {
      const dying = [keep(silentUpstream('dies')), keep(silentUpstream('dies'))];
      const port = await before(
        [ingest.port],
        dying.map((upstream) => upstream.port),
      );
      const headers = { 'if-match': '"1"' };
      expectProblem(
        await rawOf(await fetch(`http://127.0.0.1:${port}${CHATS}/1`, { method: 'PUT', body: '{}', headers })),
        503,
      );
      expect(dying.reduce((sum, upstream) => sum + upstream.seen(), 0)).toBe(1);
    });

    test('a PUT with If-Match reaches the api as it was sent', async () => {
      const headers = { 'if-match': 'W/"1", "2"' };
      const path = `${CHATS}/1?a=%20b`;
      expect(await echoOf(to(path, { method: 'PUT', body: '{"a":1}', headers }))).toMatchObject({
        ...{ app: 'api', method: 'PUT', path, body: '{"a":1}' },
      });
    });

    test('a PATCH is not sent again if its api dies', async () => {
      const dying = [keep(silentUpstream('dies')), keep(silentUpstream('dies'))];
      const port = await before(
        [ingest.port],
        dying.map((upstream) => upstream.port),
      );
      const response = await fetch(`http://127.0.0.1:${port}${CHATS}/1`, { method: 'PATCH', body: '{}' });
      expectProblem(await rawOf(response), 503);
      expect(dying.reduce((sum, upstream) => sum + upstream.seen(), 0)).toBe(1);
    });
  });

  describe('the rate limit', () => {
    test('is off by default', async () => {
      const statuses = await Promise.all(
        Array.from({ length: 400 }, async () => (await to('/api/applications')).status),
      );
      expect(new Set(statuses)).toEqual(new Set([200]));
    });

    test('when turned on, answers 429 with Retry-After beyond the burst', async () => {
      const variables = { NGINX_RATE_LIMIT: 'on', NGINX_RATE_PER_SECOND: '1', NGINX_RATE_BURST: '5' };
      const limited = keep(await startNginx({ ingestPorts: [ingest.port], apiPorts: [api.port], variables }));
      const answers = await Promise.all(
        Array.from({ length: 20 }, async () => rawOf(await fetch(`http://127.0.0.1:${limited.port}/api/applications`))),
      );
      const refused = answers.filter(({ status }) => status === 429);
      expect(refused.length).toBeWithin(10, 16);
      expectProblem(refused[0]!, 429);
      expect(refused[0]?.headers['retry-after']).toBe('1');
    });
  });
});
