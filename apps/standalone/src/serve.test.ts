import { afterAll, beforeAll, expect, test } from 'bun:test';
import { Cors, type HttpServer } from '@parley/http';
import { createLogger } from '@parley/runtime';
import { serve } from './serve.ts';

const PAGE = 'https://app.example.com';
const PATH = '/api/applications';
const logger = createLogger('test', 'silent');
let server: HttpServer;

beforeAll(async () => {
  const cors = new Cors({ origins: new Set([PAGE]), isKeyed: () => true, logger });
  const handle = async ({ url }: Request) => {
    if (url.endsWith('fails')) throw new Error('a fault');
    return new Response('x');
  };
  const options = { host: '127.0.0.1', port: 0, allowedHosts: '', requestTimeoutMs: 500, cors, logger };
  server = await serve(handle, options);
});
afterAll(() => server.stop(0));

/** Sends a request as it is; returns the status and the headers of the answer. */
async function ask(head: string, host = 'localhost'): Promise<{ status: number; headers: string }> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let text = '';
  const socket = await Bun.connect({
    hostname: '127.0.0.1',
    port: server.port,
    socket: {
      data: (_, chunk) => {
        text += chunk.toString('latin1');
      },
      close: () => resolve(text),
      error: () => resolve(text),
    },
  });
  socket.write(`${head}\r\nHost: ${host}\r\nOrigin: ${PAGE}\r\nConnection: close\r\n\r\n`);
  const [headers = ''] = (await promise).split('\r\n\r\n');
  return { status: Number(headers.split(' ')[1]), headers: headers.toLowerCase() };
}

test.each([
  [200, `GET ${PATH} HTTP/1.1`, 'localhost'],
  [500, 'GET /fails HTTP/1.1', 'localhost'],
  [421, `GET ${PATH} HTTP/1.1`, 'other.example'],
  [400, 'GET /a//b HTTP/1.1', 'localhost'],
  [405, `TRACE ${PATH} HTTP/1.1`, 'localhost'],
  [501, `NEW ${PATH} HTTP/1.1`, 'localhost'],
  [413, `POST ${PATH} HTTP/1.1\r\nContent-Length: 99999999`, 'localhost'],
  [408, `POST ${PATH} HTTP/1.1\r\nContent-Length: 10`, 'localhost'],
] as const)('a page of an allowed origin can read a %i', async (status, head, host) => {
  const answer = await ask(head, host);
  expect(answer.status).toBe(status);
  expect(answer.headers).toContain(`access-control-allow-origin: ${PAGE}`);
  expect(answer.headers).toContain('vary: origin');
});

test('a preflight is answered', async () => {
  const answer = await ask(`OPTIONS ${PATH} HTTP/1.1\r\nAccess-Control-Request-Method: POST`);
  expect(answer.status).toBe(204);
  expect(answer.headers).toContain('access-control-allow-methods: get, head, post');
});
