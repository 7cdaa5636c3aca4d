import { afterAll, afterEach, describe, expect, test } from 'bun:test';
import { until } from '@parley/testing';
import { Elysia } from 'elysia';
import { jsonBody } from './body.ts';
import { bodiesWaiting, bodyDeadline } from './body-deadline.ts';
import { errorResponse } from './errors.ts';
import type { RequestProblem } from './problem.ts';
import { type HttpServer, serve } from './server.ts';

const BYTES_MAX = 100;
const JSON_TYPE = { 'content-type': 'application/json' };
type Parser = ReturnType<typeof jsonBody>;

const request = (body: BodyInit | undefined, headers: Record<string, string> = JSON_TYPE) =>
  new Request('http://localhost/', { method: 'POST', headers, ...(body !== undefined && { body }) });
const read = (sent: Request, parse: Parser = jsonBody(BYTES_MAX)) =>
  parse(sent).catch(({ status }: RequestProblem) => status);
const bytes = (text: string) => new TextEncoder().encode(text);

describe('a body', () => {
  test('is read as JSON', async () => {
    for (const parse of [jsonBody(BYTES_MAX), jsonBody(BYTES_MAX, 'absent')]) {
      expect(await read(request('{"a":[1]}'), parse)).toEqual({ a: [1] });
      expect(await read(request(bytes('null')), parse)).toBeNull();
    }
    expect(await read(request(bytes('null')), jsonBody(BYTES_MAX, 'absent or null'))).toEqual({});
  });

  test('that is absent is refused where it is needed, and an empty object where it is not', async () => {
    for (const headers of [JSON_TYPE, {}, { 'content-type': 'text/plain' }, { 'content-encoding': 'gzip' }]) {
      expect(await read(request(undefined, headers))).toBe(400);
      expect(await read(request(undefined, headers), jsonBody(BYTES_MAX, 'absent'))).toEqual({});
      expect(await read(request(undefined, headers), jsonBody(BYTES_MAX, 'absent or null'))).toEqual({});
    }
  });

  test('is refused by its type or encoding alone only where there is one, with and without a length', async () => {
    for (const headers of [{ 'content-type': 'text/plain' }, { ...JSON_TYPE, 'content-encoding': 'gzip' }]) {
      expect(await read(request(bytes('{}'), headers))).toBe(415);
      expect(await read(request(bytes('{}'), { ...headers, 'content-length': '2' }))).toBe(415);
    }
    expect(await read(request(bytes('{}'), {}))).toBe(415);
  });

  test('is refused where it is too long or no JSON in UTF-8', async () => {
    expect(await read(request(`"${'x'.repeat(BYTES_MAX - 2)}"`))).toBe(`${'x'.repeat(BYTES_MAX - 2)}`);
    expect(await read(request(`"${'x'.repeat(BYTES_MAX - 1)}"`))).toBe(413);
    expect(await read(request('x', { ...JSON_TYPE, 'content-length': '101' }))).toBe(413);
    expect(await read(request('{'))).toBe(400);
    expect(await read(request(new Uint8Array([0x22, 0xff, 0x22])))).toBe(400);
  });
});

const parseOf = jsonBody(BYTES_MAX);

describe('a body that does not arrive', () => {
  const DEADLINE_MS = 100;
  const app = new Elysia()
    .onError(({ error, code, request: failed }) => errorResponse(error, code, failed))
    .post('/', ({ body }) => body, { parse: ({ request: sent }) => parseOf(sent) });
  const server: HttpServer = serve(app, { host: '127.0.0.1', port: 0 });
  afterEach(() => bodyDeadline(30_000));
  afterAll(() => server.stop(0));

  /** Sends the parts on one connection, each `pauseMs` after the last. Resolves with all that the server sent. */
  async function slowly(parts: readonly string[], pauseMs: number): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>();
    let answer = '';
    const socket = await Bun.connect({
      hostname: '127.0.0.1',
      port: server.port,
      socket: {
        data: (_, chunk) => {
          answer += chunk.toString();
        },
        close: () => resolve(answer),
        error: () => resolve(answer),
      },
    });
    for (const part of parts) {
      socket.write(part);
      await Bun.sleep(pauseMs);
    }
    return promise;
  }
  const head = (length: number, rest = '') =>
    `POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n${rest}\r\n`;

  test('by the deadline is refused with 408, and its connection ends', async () => {
    bodyDeadline(DEADLINE_MS);
    const startedAt = performance.now();
    const answer = await slowly([head(50), '{', '"', 'a', '"'], DEADLINE_MS / 3);
    expect(answer).toStartWith('HTTP/1.1 408 ');
    expect(answer.toLowerCase()).toContain('connection: close');
    expect(answer).toContain('did not arrive in time');
    expect(performance.now() - startedAt).toBeLessThan(20 * DEADLINE_MS);
    expect(bodiesWaiting()).toBe(0);
  });

  test('at once, but by the deadline, is accepted', async () => {
    bodyDeadline(20 * DEADLINE_MS);
    const answer = await slowly([head(5, 'Connection: close\r\n'), '[1', ',2]'], DEADLINE_MS);
    expect(answer).toStartWith('HTTP/1.1 200 ');
    expect(answer).toEndWith('[1,2]');
    expect(bodiesWaiting()).toBe(0);
  });

  test('because its client has disconnected is no longer waited for', async () => {
    const socket = await Bun.connect({ hostname: '127.0.0.1', port: server.port, socket: { data: () => {} } });
    socket.write(`${head(50)}{`);
    await until('it is waited for', () => bodiesWaiting() === 1);
    socket.end();
    await until('it is not', () => bodiesWaiting() === 0);
  });

  test('is refused alone: one that began later has its whole time', async () => {
    bodyDeadline(10 * DEADLINE_MS);
    const first = slowly([head(50)], 0);
    await Bun.sleep(6 * DEADLINE_MS);
    const second = slowly([head(2, 'Connection: close\r\n'), '[', ']'], 4 * DEADLINE_MS);
    expect(await first).toStartWith('HTTP/1.1 408 ');
    expect(await second).toStartWith('HTTP/1.1 200 ');
  });

  test('is not waited for if it has arrived already', async () => {
    const reading = read(request(bytes('[1]')));
    expect(bodiesWaiting()).toBe(0);
    expect(await reading).toEqual([1]);
  });

  test('has a deadline above zero', () => {
    for (const ms of [0, -1, Number.NaN]) expect(() => bodyDeadline(ms)).toThrow(String(ms));
  });
});
