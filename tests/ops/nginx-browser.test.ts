/** Tests of what nginx adds for web pages of other origins, and of user tokens in the addresses of streams. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { Cors } from '@parley/http';
import { createLogger } from '@parley/runtime';
import { reasonAgainst } from '@parley/stack/install/machine';
import { freePort, tellLeftOut, until } from '@parley/testing';
import type { Echo, Nginx, NginxOptions, Upstream } from './nginx-harness.ts';
import { echoUpstream, silentUpstream, startNginx } from './nginx-harness.ts';

const INSTALL_AND_START_MS = 300_000;
const LISTED = 'https://chat.example';
const EXPOSED = 'Link, ETag, Retry-After, RateLimit, RateLimit-Policy, X-Request-Id, Location';
const MESSAGES = '/api/applications/0f1e/chats/1/messages';

const unsupported = await reasonAgainst();
if (unsupported !== undefined) tellLeftOut('nginx for web pages', unsupported);

describe.skipIf(unsupported !== undefined)('nginx', () => {
  const stops: (() => void | Promise<void>)[] = [];
  const keep = <Part extends { stop: () => void | Promise<void> }>(part: Part): Part => {
    stops.push(() => part.stop());
    return part;
  };
  let api: Upstream;
  const start = async (variables: Record<string, string>, more: Partial<NginxOptions> = {}): Promise<Nginx> =>
    keep(await startNginx({ ingestPorts: [freePort()], apiPorts: [api.port], variables, ...more }));
  const corsOf = ({ headers }: Response) => ({
    origin: headers.get('access-control-allow-origin'),
    exposed: headers.get('access-control-expose-headers'),
    vary: headers.get('vary'),
  });

  beforeAll(() => {
    api = keep(
      echoUpstream('api', (request) => {
        const { pathname } = new URL(request.url);
        const status = Number(pathname.slice(1));
        const allowed = { 'access-control-allow-origin': LISTED, vary: 'Origin', 'retry-after': '7' };
        if (request.method === 'OPTIONS') return new Response(null, { status: 204, headers: allowed });
        return status > 0 ? new Response(`{"own":${status}}`, { status, headers: allowed }) : undefined;
      }),
    );
  });

  afterAll(async () => {
    for (const stopPart of stops.reverse()) await stopPart();
  });

  describe('with CORS_ORIGINS', () => {
    let port: number;
    const to = (path: string, origin?: string, init: RequestInit = {}): Promise<Response> =>
      fetch(`http://127.0.0.1:${port}${path}`, { ...init, headers: { ...(origin && { origin }), ...init.headers } });
    beforeAll(async () => {
      port = (await start({ NGINX_CORS_ORIGINS: `https://first.example, ${LISTED},http://localhost:5173` })).port;
    }, INSTALL_AND_START_MS);

    test.each([
      [404, '/metrics', {}],
      [413, MESSAGES, { method: 'POST', body: 'x'.repeat(128 * 1_024 + 1) }],
      [503, MESSAGES, { method: 'POST', body: '{}' }],
      [200, '/healthz', {}],
    ])('a page of a listed origin may read its own %d', async (status, path, init) => {
      for (const origin of ['https://first.example', LISTED, 'http://localhost:5173']) {
        const response = await to(path, origin, init);
        expect(response.status).toBe(status);
        expect(corsOf(response)).toEqual({ origin, exposed: EXPOSED, vary: 'Origin' });
        expect(response.headers.get('x-request-id')).toBeString();
        expect(response.headers.get('x-content-type-options')).toBe('nosniff');
      }
    });

    test.each([
      ...[undefined, 'null', '*', '', ',', 'https://chat.example.evil', 'https://evil.example', 'http://chat.example'],
      ...[
        'https://chat.example:8443',
        'https://chat',
        'chat.example',
        'https://x|https://chat.example',
        'HTTPS://CHAT.example',
      ],
      `https://evil.example,|${LISTED}`,
    ])('the origin %p may not, and caches are told', async (origin) => {
      expect(corsOf(await to('/metrics', origin))).toEqual({ origin: null, exposed: null, vary: 'Origin' });
    });

    test.each([401, 403, 422, 429, 503])('an app’s own %d passes with its headers, each once', async (status) => {
      const response = await to(`/${status}`, LISTED);
      expect([response.status, await response.text()]).toEqual([status, `{"own":${status}}`]);
      expect(corsOf(response)).toEqual({ origin: LISTED, exposed: null, vary: 'Origin' });
      expect(response.headers.get('retry-after')).toBe('7');
    });

    test.each([MESSAGES, '/api/applications', '/nothing/here', '/'])(
      'a preflight of %s reaches a program, with its headers',
      async (path) => {
        const headers = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' };
        const response = await to(path, LISTED, { method: 'OPTIONS', headers });
        expect([response.status, corsOf(response).origin]).toEqual([204, LISTED]);
      },
    );
  });

  test('the programs expose the same headers', () => {
    const cors = new Cors({ origins: '*', isKeyed: () => false, logger: createLogger('test', 'silent') });
    const { headers } = cors.mark(new Response(), LISTED);
    expect(headers.get('access-control-expose-headers')).toBe(EXPOSED);
  });

  test('with CORS_ORIGINS=* a page of any origin may read its own errors', async () => {
    const { port } = await start({ NGINX_CORS_ORIGINS: '*' });
    const response = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { origin: 'https://any.example' } });
    expect(corsOf(response)).toEqual({ origin: '*', exposed: EXPOSED, vary: null });
  });

  test('without CORS_ORIGINS its own errors have no header for pages', async () => {
    const { port } = await start({});
    const response = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { origin: LISTED } });
    expect(corsOf(response)).toEqual({ origin: null, exposed: null, vary: null });
  });

  test('its own 429 for an address can be read by a page, and says when to come again', async () => {
    const limits = { NGINX_RATE_LIMIT: 'on', NGINX_RATE_PER_SECOND: '1', NGINX_RATE_BURST: '1' };
    const { port } = await start({ NGINX_CORS_ORIGINS: LISTED, ...limits });
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => fetch(`http://127.0.0.1:${port}/x`, { headers: { origin: LISTED } })),
    );
    const refused = answers.find(({ status }) => status === 429);
    expect(refused && corsOf(refused)).toEqual({ origin: LISTED, exposed: EXPOSED, vary: 'Origin' });
    expect(refused?.headers.get('retry-after')).toBe('1');
  });

  describe.each(['short', 'full'])('with NGINX_LOG_ADDRESSES=%s, no log has', (level) => {
    const SECRET = 'eyJhbGciOiJFZERTQSJ9.s3cret.signature';
    let nginx: Nginx;
    let dying: Upstream;
    const call = (path: string, init: RequestInit = {}) => fetch(`http://127.0.0.1:${nginx.port}${path}`, init);
    const logged = async (id: string): Promise<string> => {
      await until('the request is in the log', async () => nginx.accessLog().includes(id), 5_000);
      return nginx.accessLog() + nginx.errorLog();
    };
    beforeAll(async () => {
      dying = keep(silentUpstream('dies'));
      nginx = await start({ NGINX_LOG_ADDRESSES: level }, { ingestPorts: [dying.port] });
    }, INSTALL_AND_START_MS);

    test('an Authorization header', async () => {
      const id = crypto.randomUUID();
      await call('/x', { headers: { authorization: `Bearer ${SECRET}`, 'x-request-id': id } });
      await call(MESSAGES, { method: 'POST', body: '{}', headers: { authorization: `Bearer ${SECRET}` } });
      expect(await logged(id)).not.toContain('s3cret');
    });

    test.each([
      ...['access_token=', 'a=b&access_token=', 'a=b&access_token=1&access_token=', '&&access_token='],
      ...[
        'access%5Ftoken=',
        '%61cces%73_tok%65n=',
        'Access_Token=',
        'access%5ftoken=1;access_token=',
        '?access_token=',
      ],
    ])('a user token in the query ?%s', async (query) => {
      for (const [method, path] of [
        ['GET', '/api/applications/0f1e/events'],
        ['POST', MESSAGES],
      ] as const) {
        const id = crypto.randomUUID();
        const response = await call(`${path}?${query}${SECRET}&z=1`, { method, headers: { 'x-request-id': id } });
        const expected = method === 'POST' ? 503 : 200;
        expect(response.status).toBe(expected); // the ingest dies, which is an error in nginx's log
        if (expected === 200) {
          expect(((await response.json()) as Echo).path).toBe(`${path}?${query}${SECRET}&z=1`);
        }
        expect(await logged(id)).not.toMatch(/s3cret/i);
      }
    });

    test('what nginx can tell otherwise it does tell', async () => {
      const id = crypto.randomUUID();
      await call(`${MESSAGES}?a=b`, { method: 'POST', body: '{}', headers: { 'x-request-id': id } });
      await until('the error is in the log', async () => nginx.errorLog().includes('from upstream, client'), 5_000);
      await call(`/x?a=b&access_token=${SECRET}`, { headers: { 'x-request-id': `${id}-2` } });
      const line = (await logged(`${id}-2`)).split('\n').find((each) => each.includes(`${id}-2`)) ?? '';
      expect(JSON.parse(line).uri).toBe(level === 'full' ? '/x?a=b&access_token=...' : '/x');
    });
  });

  test('the location for user tokens cannot be called', async () => {
    const { port } = await start({});
    expect((await fetch(`http://127.0.0.1:${port}/_quiet`)).status).toBe(404);
  });
});
