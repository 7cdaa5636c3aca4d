import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { Unauthenticated, Unavailable } from '@parley/domain';
import { ConfigError, createLogger, createRegistry } from '@parley/runtime';
import { httpApp } from './app.ts';
import { OPERATIONS } from './contract/operations.ts';
import { Cors, corsOrigins } from './cors.ts';
import { type HttpServer, serve } from './server.ts';

const PAGE = 'https://app.example.com';
const LIST = '/api/applications';
const MESSAGES = '/api/applications/6f1c9a50-7f3c-4c1e-9f5d-3f0f6f0e2b7a/chats/1/messages';
const logger = createLogger('test', 'silent');

describe('the setting', () => {
  test.each([
    ['', undefined],
    [' , ', undefined],
    ['*', '*'],
    [`${PAGE}, http://localhost:5173`, new Set([PAGE, 'http://localhost:5173'])],
    ['capacitor://localhost', new Set(['capacitor://localhost'])],
  ] as const)('%j is read', (text, origins) => {
    expect(corsOrigins({ CORS_ORIGINS: text })).toEqual(origins as never);
  });

  test.each([
    `${PAGE}/`,
    `${PAGE}:443`,
    'https://App.example.com',
    'app.example.com',
    'https://*.example.com',
    'null',
    `*,${PAGE}`,
    'http://a b',
  ])('%j is refused: no browser sends it', (text) => {
    expect(() => corsOrigins({ CORS_ORIGINS: text })).toThrow(ConfigError);
  });

  test('* is refused beside ADMIN_KEY; exact origins are not', () => {
    expect(() => corsOrigins({ CORS_ORIGINS: '*', ADMIN_KEY: 'x'.repeat(32) })).toThrow(ConfigError);
    expect(corsOrigins({ CORS_ORIGINS: PAGE, ADMIN_KEY: 'x'.repeat(32) })).toEqual(new Set([PAGE]));
    expect(corsOrigins({ CORS_ORIGINS: '*', ADMIN_KEY: '' })).toBe('*');
  });
});

describe('a program', () => {
  let server: HttpServer;
  let thrown: unknown;
  const handle = async () => {
    if (thrown !== undefined) throw thrown;
    return { items: [], link: undefined };
  };
  beforeAll(() => {
    const routes = [
      { operation: OPERATIONS.listApplications, handle },
      { operation: OPERATIONS.listMessages, handle },
      { operation: OPERATIONS.createMessage, handle },
    ];
    const app = httpApp({ logger, registry: createRegistry('test'), routes }).get('/healthz', () => 'alive');
    const cors = new Cors({ origins: new Set([PAGE]), isKeyed: () => true, logger });
    server = serve(app, { host: '127.0.0.1', port: 0, cors });
  });
  afterAll(() => server.stop(0));
  const ask = (path: string, headers: Record<string, string> = {}, method = 'GET', body?: string) =>
    fetch(`http://127.0.0.1:${server.port}${path}`, { method, headers, ...(body !== undefined && { body }) });
  const preflight = (path: string, origin = PAGE) =>
    ask(path, { origin, 'access-control-request-method': 'POST' }, 'OPTIONS');

  test('lets a page of the origin read every answer, errors included', async () => {
    const json = { 'content-type': 'application/json' };
    const asks: readonly [status: number, () => Promise<Response>, thrown?: unknown][] = [
      [200, () => ask(LIST, { origin: PAGE })],
      [200, () => ask(`${LIST}/`, { origin: PAGE })],
      [200, () => ask('/healthz', { origin: PAGE })],
      [404, () => ask('/nowhere', { origin: PAGE })],
      [405, () => ask(LIST, { origin: PAGE }, 'PUT')],
      [400, () => ask(`${LIST}/%2e%2e%5cx`, { origin: PAGE })],
      [422, () => ask(`${LIST}?x=1`, { origin: PAGE })],
      [400, () => ask(MESSAGES, { origin: PAGE, ...json }, 'POST', '{')],
      [401, () => ask(LIST, { origin: PAGE }), new Unauthenticated('x', false)],
      [503, () => ask(LIST, { origin: PAGE }), new Unavailable('store', 'x')],
      [500, () => ask(LIST, { origin: PAGE }), new Error('x')],
    ];
    for (const [status, answered, error] of asks) {
      thrown = error;
      const { status: got, headers } = await answered();
      thrown = undefined;
      expect(got).toBe(status);
      expect(headers.get('access-control-allow-origin'), `${status}`).toBe(PAGE);
      expect(headers.get('vary')).toContain('Origin');
      expect(headers.get('access-control-expose-headers')).toBe(
        'Link, ETag, Retry-After, RateLimit, RateLimit-Policy, X-Request-Id, Location',
      );
      expect(headers.get('access-control-allow-credentials')).toBeNull();
    }
  });

  test('answers a preflight with the methods of the path, for ten minutes', async () => {
    for (const [path, methods] of [
      [MESSAGES, 'GET, HEAD, POST'],
      [`${MESSAGES}/1`, 'DELETE, GET, HEAD, PATCH, PUT'],
      ['/nowhere', 'GET, HEAD, POST, PUT, PATCH, DELETE'],
    ] as const) {
      const answer = await preflight(path);
      expect([answer.status, await answer.text()]).toEqual([204, '']);
      expect(answer.headers.get('access-control-allow-methods')).toBe(methods);
      expect(answer.headers.get('access-control-max-age')).toBe('600');
      expect(answer.headers.get('access-control-allow-origin')).toBe(PAGE);
      expect(answer.headers.get('vary')).toBe('Origin');
      expect(answer.headers.get('access-control-allow-headers')).toBe(
        'Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-Id, Last-Event-ID',
      );
    }
  });

  test('tells other origins nothing, and callers without one', async () => {
    for (const origin of ['https://evil.example', `${PAGE}.evil.example`, 'null', `${PAGE}:8443`]) {
      const answer = await preflight(MESSAGES, origin);
      expect(answer.status).toBe(405);
      expect(answer.headers.get('access-control-allow-origin')).toBeNull();
      expect(answer.headers.get('vary')).toBe('Origin');
      expect((await ask(LIST, { origin })).headers.get('access-control-allow-origin')).toBeNull();
    }
    const { headers } = await ask(LIST);
    expect([headers.get('access-control-allow-origin'), headers.get('vary')]).toEqual([null, 'Origin']);
    expect((await ask(LIST, { origin: PAGE }, 'OPTIONS')).status).toBe(405);
  });
});

test('* counts only as long as no key is needed, and it is said when it does not', async () => {
  let keyed = false;
  const said: string[] = [];
  const loud = { error: (text: string) => void said.push(text) } as never;
  const cors = new Cors({ origins: '*', isKeyed: () => keyed, logger: loud });
  const handle = cors.wrap(() => new Response('x'));
  const allowed = async () =>
    (await handle(new Request('http://localhost/', { headers: { origin: PAGE } }))).headers.get(
      'access-control-allow-origin',
    );
  expect(await allowed()).toBe('*');
  keyed = true;
  expect(await allowed()).toBeNull();
  expect(await allowed()).toBeNull();
  expect(said).toHaveLength(1);
  keyed = false;
  expect(await allowed()).toBe('*');
  new Cors({ origins: '*', isKeyed: () => true, logger: loud });
  expect(said).toHaveLength(2);
});

test('without the setting, an answer has nothing of it', async () => {
  const routes = [{ operation: OPERATIONS.listApplications, handle: async () => ({ items: [] }) }];
  const server = serve(httpApp({ logger, registry: createRegistry('test'), routes }), { host: '127.0.0.1', port: 0 });
  const { headers } = await fetch(`http://127.0.0.1:${server.port}${LIST}`, { headers: { origin: PAGE } });
  await server.stop(0);
  expect([headers.get('vary'), headers.get('access-control-allow-origin')]).toEqual([null, null]);
});
