/** Tests of nginx with a certificate: HTTPS, HTTP/2, and the redirect of requests without TLS. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { type ClientHttp2Session, connect as connectHttp2, constants } from 'node:http2';
import { connect as connectTls } from 'node:tls';
import { reasonAgainst } from '@parley/stack/install/machine';
import { readSettings, Unusable } from '@parley/stack/settings';
import { readCertificate } from '@parley/stack/tls';
import { tellLeftOut } from '@parley/testing';
import { makeCertificate, type TestCertificate } from '../support/certificate.ts';
import { sendRaw } from '../support/raw.ts';
import type { Echo, Nginx, Upstream } from './nginx-harness.ts';
import { echoUpstream, startNginx } from './nginx-harness.ts';

const INSTALL_AND_START_MS = 300_000;
const HSTS = 'max-age=31536000';
const CHATS = '/api/applications/0f1e/chats';

const unsupported = await reasonAgainst();
if (unsupported !== undefined) tellLeftOut('nginx with TLS', unsupported);

describe.skipIf(unsupported !== undefined)('nginx with a certificate', () => {
  let certificate: TestCertificate;
  let nginx: Nginx;
  let ingest: Upstream;
  let api: Upstream;
  const plain = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`http://127.0.0.1:${nginx.port}${path}`, { redirect: 'manual', ...init });
  const secure = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`https://127.0.0.1:${nginx.httpsPort}${path}`, { ...init, tls: { ca: readFileSync(certificate.cert) } });

  beforeAll(async () => {
    certificate = makeCertificate();
    ingest = echoUpstream('ingest');
    api = echoUpstream('api');
    nginx = await startNginx({ ingestPorts: [ingest.port], apiPorts: [api.port], tls: certificate });
  }, INSTALL_AND_START_MS);

  afterAll(async () => {
    await nginx.stop();
    for (const part of [ingest, api]) part.stop();
    certificate.remove();
  });

  test('a client that does not trust the certificate gets no answer, one that does creates', async () => {
    expect(fetch(`https://127.0.0.1:${nginx.httpsPort}/healthz`)).rejects.toThrow();
    const response = await secure(`${CHATS}/1`, { method: 'POST', body: '{"a":1}' });
    expect([response.status, response.headers.get('strict-transport-security')]).toEqual([200, HSTS]);
    const seen = (await response.json()) as Echo;
    expect(seen).toMatchObject({ app: 'ingest', method: 'POST', path: `${CHATS}/1`, body: '{"a":1}' });
    expect(seen.headers).toMatchObject({
      'x-forwarded-proto': 'https',
      'x-forwarded-host': `127.0.0.1:${nginx.httpsPort}`,
    });
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('speaks %s', async (version) => {
    expect(await negotiated({ minVersion: version, maxVersion: version })).toMatchObject({ version });
  });

  test('speaks no TLS 1.1', async () => {
    expect(negotiated({ minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1' })).rejects.toThrow();
  });

  test('offers HTTP/2, and HTTP/1.1 to a client that knows nothing else', async () => {
    expect(await negotiated({ ALPNProtocols: ['h2', 'http/1.1'] })).toMatchObject({ protocol: 'h2' });
    expect(await negotiated({ ALPNProtocols: ['http/1.1'] })).toMatchObject({ protocol: 'http/1.1' });
  });

  test('a create over HTTP/2 reaches ingest as it was sent', async () => {
    const answer = await overHttp2({ method: 'POST', path: `${CHATS}/1`, body: '{"a":1}' });
    expect(answer).toMatchObject({ status: 200, headers: { 'strict-transport-security': HSTS } });
    const seen = JSON.parse(answer.body) as Echo;
    expect(seen).toMatchObject({ app: 'ingest', method: 'POST', path: `${CHATS}/1`, body: '{"a":1}' });
    expect(seen.headers).toMatchObject({ host: 'parley', 'x-forwarded-host': `127.0.0.1:${nginx.httpsPort}` });
  });

  test('a search with a body on GET reaches the api as a POST, over both', async () => {
    const body = '{"search_query":"öl"}';
    const path = `${CHATS}/1/search`;
    const length = String(Buffer.byteLength(body));
    const http2 = await overHttp2({ method: 'GET', path, body, headers: { 'content-length': length } });
    expect(JSON.parse(http2.body)).toMatchObject({ app: 'api', method: 'POST', body });
    const head = `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${length}\r\n\r\n`;
    const http1 = await overTls(`${head}${body}`);
    expect(JSON.parse(http1.slice(http1.indexOf('\r\n\r\n')))).toMatchObject({ app: 'api', method: 'POST', body });
  });

  test('a user token for 1,000 chats fits into the header, over both', async () => {
    const authorization = `Bearer ${'x'.repeat(8_000)}`;
    const http1 = (await (await secure('/x', { headers: { authorization } })).json()) as Echo;
    expect(http1.headers.authorization).toBe(authorization);
    const http2 = await overHttp2({ method: 'GET', path: '/x', headers: { authorization } });
    expect((JSON.parse(http2.body) as Echo).headers.authorization).toBe(authorization);
  });

  test('its own errors are problem documents over HTTP/2 too', async () => {
    const http2 = { 'content-type': 'application/problem+json', 'strict-transport-security': HSTS };
    for (const [status, request] of [
      [404, { method: 'GET', path: '/metrics' }],
      [400, { method: 'GET', path: '/a/../b' }],
      [413, { method: 'POST', path: CHATS, body: 'x'.repeat(128 * 1_024 + 1) }],
    ] as const) {
      const answer = await overHttp2(request);
      expect(answer).toMatchObject({ status, headers: http2 });
      expect(JSON.parse(answer.body)).toMatchObject({ type: 'about:blank', status });
    }
  });

  test('a request without TLS is sent to HTTPS with its method, path and query', async () => {
    const before = ingest.seen() + api.seen();
    const response = await plain(`${CHATS}/1?a=%20b`, { method: 'POST', body: '{}' });
    expect(response.status).toBe(308);
    expect(response.headers.get('location')).toBe(`https://127.0.0.1:${nginx.httpsPort}${CHATS}/1?a=%20b`);
    expect(response.headers.get('strict-transport-security')).toBeNull();
    expect(response.headers.get('x-request-id')).toBeString();
    expect(ingest.seen() + api.seen()).toBe(before);
  });

  test('the health check is answered without TLS too, and nothing else is', async () => {
    expect((await plain('/healthz')).status).toBe(200);
    for (const path of ['/', '/metrics', '/healthz/', '/_problems/400x']) {
      expect([path, (await plain(path)).status]).toEqual([path, 308]);
    }
    const raw = await sendRaw(nginx.port, 'GET /a/../b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    expect(raw.status).toBe(400);
  });

  test('a request without TLS on the port of HTTPS is 400', async () => {
    const response = await fetch(`http://127.0.0.1:${nginx.httpsPort}/x`);
    expect([response.status, response.headers.get('content-type')]).toEqual([400, 'application/problem+json']);
  });

  interface Negotiated {
    readonly version: string | null;
    readonly protocol: string | false | null;
  }

  function negotiated(options: Parameters<typeof connectTls>[0]): Promise<Negotiated> {
    const { promise, resolve, reject } = Promise.withResolvers<Negotiated>();
    const ca = readFileSync(certificate.cert);
    const socket = connectTls({ host: '127.0.0.1', port: nginx.httpsPort, ca, ...options });
    socket.on('secureConnect', () => {
      resolve({ version: socket.getProtocol(), protocol: socket.alpnProtocol });
      socket.destroy();
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('closed')));
    return promise;
  }

  function overTls(bytes: string): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const ca = readFileSync(certificate.cert);
    let received = '';
    const socket = connectTls({ host: '127.0.0.1', port: nginx.httpsPort, ca }, () => socket.write(bytes));
    socket.on('data', (data) => {
      received += data.toString();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(received));
    return promise;
  }

  interface Http2Request {
    readonly method: string;
    readonly path: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
  }

  async function overHttp2({ method, path, headers = {}, body }: Http2Request) {
    const ca = readFileSync(certificate.cert);
    const session = connectHttp2(`https://127.0.0.1:${nginx.httpsPort}`, { ca });
    try {
      return await asked(session, { ':method': method, ':path': path, ...headers }, body);
    } finally {
      session.destroy();
    }
  }

  function asked(session: ClientHttp2Session, head: Record<string, string>, body?: string) {
    const { promise, resolve, reject } = Promise.withResolvers<{
      status: number;
      headers: Record<string, unknown>;
      body: string;
    }>();
    let status = 0;
    let headers: Record<string, unknown> = {};
    let received = '';
    session.on('error', reject);
    const stream = session.request(head, { endStream: body === undefined });
    stream.setEncoding('utf8');
    stream.on('response', (answer) => {
      status = Number(answer[constants.HTTP2_HEADER_STATUS]);
      headers = answer;
    });
    stream.on('data', (text) => {
      received += text;
    });
    stream.on('error', (error) => (status === 0 ? reject(error) : resolve({ status, headers, body: received })));
    stream.on('end', () => resolve({ status, headers, body: received }));
    if (body !== undefined) stream.end(body);
    return promise;
  }
});

describe('TLS_CERT and TLS_KEY', () => {
  const certificate = makeCertificate();
  const other = makeCertificate();
  const broken = `${other.folder}/broken.pem`;
  writeFileSync(broken, 'no certificate');
  afterAll(() => {
    certificate.remove();
    other.remove();
  });

  test('both make nginx speak HTTPS, on HTTPS_PORT', () => {
    const given = { TLS_CERT: certificate.cert, TLS_KEY: certificate.key, HTTPS_PORT: '9443' };
    const { tls, ports } = readSettings(given, '/somewhere');
    expect(tls).toEqual({ cert: certificate.cert, key: certificate.key, port: 9_443 });
    expect(ports.https).toBe(9_443);
    expect(readSettings({}, '/somewhere').tls).toBeUndefined();
  });

  test.each([
    [{ TLS_CERT: certificate.cert }, 'TLS_KEY is missing'],
    [{ TLS_KEY: certificate.key }, 'TLS_CERT is missing'],
    [{ TLS_CERT: certificate.cert, TLS_KEY: certificate.key, HTTPS_PORT: '8080' }, 'Port 8080'],
  ])('%j is refused', (given, message) => {
    const read = () => readSettings(given as Record<string, string>, '/somewhere');
    expect(read).toThrow(Unusable);
    expect(read).toThrow(message);
  });

  test.each([
    [{ cert: '/nowhere.pem', key: certificate.key }, 'TLS_CERT names a file that cannot be read (ENOENT)'],
    [{ cert: certificate.cert, key: '/nowhere.pem' }, 'TLS_KEY names a file that cannot be read (ENOENT)'],
    [{ cert: broken, key: certificate.key }, 'TLS_CERT must name a file with a certificate'],
    [{ cert: certificate.cert, key: broken }, 'TLS_KEY must name a file with a private key'],
    [{ cert: certificate.cert, key: other.key }, 'is not the key of'],
  ])('the files %j are refused', (files, message) => {
    const read = () => readCertificate(files);
    expect(read).toThrow(Unusable);
    expect(read).toThrow(message);
  });
});
