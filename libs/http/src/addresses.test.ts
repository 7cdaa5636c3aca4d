import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createLogger, createRegistry } from '@parley/runtime';
import { httpApp } from './app.ts';
import { OPERATIONS } from './contract/operations.ts';
import { type HttpServer, serve } from './server.ts';

/** Requests with addresses and Host headers that no client library sends. */
describe('an address', () => {
  let server: HttpServer;
  beforeAll(() => {
    const routes = [
      { operation: OPERATIONS.listApplications, handle: async () => ({ items: ['the list'] }) },
      { operation: OPERATIONS.getApplication, handle: async () => 'one' },
    ];
    const parts = { logger: createLogger('test', 'silent'), registry: createRegistry('test'), routes };
    const app = httpApp(parts).get('/metrics', () => 'the metrics');
    server = serve(app, { host: '127.0.0.1', port: 0 });
  });
  afterAll(() => server.stop(0));

  async function ask(line: string, host: string | undefined): Promise<{ status: number; body: string }> {
    const { promise, resolve } = Promise.withResolvers<string>();
    let text = '';
    const socket = await Bun.connect({
      hostname: '127.0.0.1',
      port: server.port,
      socket: {
        data: (own, chunk) => {
          text += chunk.toString('latin1');
          const [head = '', body] = text.split('\r\n\r\n');
          const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
          if (body !== undefined && body.length >= length) own.end();
        },
        close: () => resolve(text),
        error: () => resolve(text),
      },
    });
    socket.write(`${line} HTTP/1.0\r\n${host === undefined ? '' : `Host: ${host}\r\n`}\r\n`);
    const [head = '', body = ''] = (await promise).split('\r\n\r\n');
    return { status: Number(head.split(' ')[1]), body };
  }

  test.each([
    ['/metrics', 200],
    ['/metrics/', 200],
    ['/api/applications', 200],
    ['/api/applications/?a', 422],
    ['/api/applications/a%40b', 404],
  ])('in normal form reaches its route: %s', async (path, status) => {
    expect((await ask(`GET ${path}`, 'localhost')).status).toBe(status);
  });

  test.each([
    ...['/.\\metrics', '/a/../metrics', '/x\\..\\metrics/', '/./metrics/', '/%2e%2e/metrics', '/a/%2e%2e/metrics/'],
    ...['/x\\..\\api/applications', '/api/./applications', '/api/applications/x/..', '/api/applications/..'],
    ...[
      '/api/applications/.',
      '/api/applications/a%2fb',
      '/api/applications/a\\b',
      '/api/applications/%5c..%5cmetrics',
    ],
    ...['/api/applications/a%00', '/api/applications/%25', '/swagger/assets/..', '/swagger/./assets/x'],
  ])('that only its tidied form makes one of ours is refused: %s', async (path) => {
    const { status, body } = await ask(`GET ${path}`, 'localhost');
    expect([status, JSON.parse(body).status]).toEqual([400, 400]);
  });

  test.each(['a', 'api', 'web:80', 'a%zz', '256.256.256.256', 'a b', '', '[::1', 'x:99999', undefined])(
    'does not depend on the host %p',
    async (host) => {
      expect(await ask('GET /api/applications', host)).toEqual({ status: 200, body: '["the list"]' });
      expect((await ask('POST /api/applications', host)).status).toBe(405);
      expect((await ask('GET /nowhere', host)).status).toBe(404);
    },
  );
});
