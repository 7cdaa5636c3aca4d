import { beforeAll, describe, expect, test } from 'bun:test';
import { until } from '@parley/testing';
import type { Client } from '../support/client.ts';
import { e2e } from '../support/e2e.ts';
import { pathTricks } from '../support/path-tricks.ts';
import { answersTo, type RawAnswer, sendRaw } from '../support/raw.ts';

/** HTTP itself, not the API: the standalone's own listener and nginx must behave alike. */
describe('HTTP', () => {
  let client: Client;
  let port: number;
  let chat: string;
  beforeAll(async () => {
    client = await e2e();
    port = Number(new URL(client.url).port);
    chat = await client.chat();
  });
  const asked = (line: string, fields = '', body = '') =>
    sendRaw(port, `${line}\r\nHost: localhost\r\nConnection: close\r\n${fields}\r\n${body}`);

  function expectProblem({ status, headers, body }: RawAnswer, expected: number): void {
    expect(status).toBe(expected);
    expect(headers['content-type']).toBe('application/problem+json');
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(JSON.parse(body)).toMatchObject({ type: 'about:blank', title: expect.any(String), status: expected });
  }

  const long = 'x'.repeat(20_000);
  test.each([
    ['no HTTP', 'hello\r\n\r\n', 400],
    ['no Host', 'GET /api/applications HTTP/1.1\r\n\r\n', 400],
    ['two Hosts', 'GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n', 400],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 400],
    ['a length that is none', 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n', 400],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    [
      'chunks that are none',
      'POST /api/applications HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
      400,
    ],
    ['another transfer coding', 'POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n', 501],
    ['another HTTP', 'GET / HTTP/9.9\r\nHost: localhost\r\n\r\n', 505],
    ['an unknown method', 'BREW / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', 501],
    ['a long address', `GET /${long} HTTP/1.1\r\nHost: localhost\r\n\r\n`, 414],
    ['a long field', `GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ${long}\r\n\r\n`, 431],
    ['another Host', 'GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n', 421],
    ['a Host that is none', 'GET / HTTP/1.1\r\nHost: a%zz\r\nConnection: close\r\n\r\n', 421],
    ['a Host that is no address', 'GET / HTTP/1.1\r\nHost: 256.256.256.256\r\nConnection: close\r\n\r\n', 421],
    ['a malformed escape', 'GET /api/%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', 400],
  ])('%s is answered with a problem document', async (_, bytes, status) => {
    expectProblem(await sendRaw(port, bytes), status);
  });

  test.each([
    ['TRACE', '/api/applications', 'GET, HEAD, POST'],
    ['DELETE', '/api/applications', 'GET, HEAD, POST'],
    ['OPTIONS', '/swagger', 'GET, HEAD'],
  ])('%s %s is 405 with Allow', async (method, path, allow) => {
    const answer = await asked(`${method} ${path} HTTP/1.1`);
    expectProblem(answer, 405);
    expect(answer.headers.allow).toBe(allow);
  });

  test('an HTTP/1.0 request needs no Host, and its connection is closed', async () => {
    const answers = await answersTo(port, 'GET /api/applications?limit=1 HTTP/1.0\r\n\r\n');
    expect(answers.map(({ status }) => status)).toEqual([200]);
  });

  test('raw UTF-8 in an address means the same as its escapes', async () => {
    await client.post(`${chat}/messages`, { message_content: 'Crème brûlée' });
    const path = `${chat}/search?search_query=Crème`;
    await until('the raw query finds it', async () => {
      const { status, body } = await asked(`GET ${path} HTTP/1.1`);
      expect(status).toBe(200);
      return JSON.parse(body).length === 1;
    });
    expect((await client.get(encodeURI(path))).body).toHaveLength(1);
    expectProblem(await asked('GET /api/Crème HTTP/1.1'), 400);
  });

  test('a search with GET and an empty chunked body uses the query of the address', async () => {
    const path = `${chat}/search?search_query=nowhere`;
    const { status, body } = await asked(`GET ${path} HTTP/1.1`, 'Transfer-Encoding: chunked\r\n', '0\r\n\r\n');
    expect([status, body]).toEqual([200, '[]']);
  });

  test('a search with GET may have a body without a type, because no page of another site can send one', async () => {
    const body = '{"search_query":"nowhere"}';
    const answer = await asked(`GET ${chat}/search HTTP/1.1`, `Content-Length: ${body.length}\r\n`, body);
    expect([answer.status, answer.body]).toEqual([200, '[]']);
  });

  test('pipelined requests are answered in order', async () => {
    const one = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`;
    const paths = ['/api/applications?limit=1', '/nowhere', '/api/applications?limit=0', '/api/applications?limit=2'];
    const answers = await answersTo(
      port,
      paths.map((path, i) => one(path, i === 3 ? 'Connection: close\r\n' : '')).join(''),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 404, 422, 200]);
  });

  test('an address that can be read in two ways is refused, wherever it leads', async () => {
    for (const path of ['/metrics', '/api/applications']) {
      const tricks = pathTricks(path);
      expect(tricks.length).toBeGreaterThanOrEqual(85);
      const answers = await Promise.all(tricks.map((trick) => asked(`GET ${trick} HTTP/1.1`)));
      const passed = tricks.filter((_, index) => ![400, 404].includes(answers[index]?.status ?? 0));
      expect(passed).toEqual([]);
    }
  });

  test('every answer forbids browsers to guess its type', async () => {
    for (const path of [
      '/',
      '/api/applications?limit=1',
      '/nowhere',
      '/swagger',
      '/swagger/json',
      '/api//x',
      '/healthz',
    ]) {
      expect((await asked(`GET ${path} HTTP/1.1`)).headers['x-content-type-options']).toBe('nosniff');
    }
  });

  test('localhost may be ::1', async () => {
    expect((await fetch(`http://[::1]:${port}/api/applications?limit=1`)).status).toBe(200);
  });

  test('/ is a page with an example call for browsers, and JSON for other clients', async () => {
    const { headers, body } = await asked('GET / HTTP/1.1', 'Accept: text/html,*/*;q=0.8\r\n');
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    for (const directive of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"]) {
      expect(headers['content-security-policy']).toContain(directive);
    }
    expect(body).toContain('curl -X POST http://localhost/api/applications');
    expect(body).toMatch(/store: <span class="up">up<\/span>/);
    const { name, version, status, dependencies } = (await client.get('/')).body;
    expect({ name, version, status }).toEqual({
      name: 'Parley',
      version: expect.stringMatching(/^\d/),
      status: 'ready',
    });
    expect(dependencies).toContainEqual({ name: 'store', state: 'up' });
  });

  test('/docs, /openapi.json and /favicon.ico are served or redirect', async () => {
    const docs = await fetch(`${client.url}/docs`, { redirect: 'manual' });
    expect([docs.status, docs.headers.get('location')]).toEqual([302, '/swagger']);
    expect(await (await fetch(`${client.url}/openapi.json`)).json()).toMatchObject({ openapi: expect.any(String) });
    expect((await fetch(`${client.url}/favicon.ico`)).headers.get('content-type')).toBe('image/svg+xml');
  });
});
