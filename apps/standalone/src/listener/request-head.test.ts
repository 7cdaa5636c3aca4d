import { describe, expect, test } from 'bun:test';
import { isRefusal, type RequestHead, readHead } from './request-head.ts';

function head(line: string, ...fields: string[]): RequestHead {
  const read = readHead([line, ...fields].join('\r\n'));
  if (isRefusal(read)) throw new Error(`${read.status} ${read.detail}`);
  return read;
}

function status(line: string, ...fields: string[]): number {
  const read = readHead([line, ...fields].join('\r\n'));
  return isRefusal(read) ? read.status : 200;
}

describe('the head of a request', () => {
  test('has a method, a path, a query and a host', () => {
    expect(head('GET /a/b?c=d HTTP/1.1', 'Host: Example.org:8080', 'X-Y:  z \t')).toEqual({
      ...{ method: 'GET', path: '/a/b', search: '?c=d', hostname: 'example.org' },
      fields: [
        ['host', 'Example.org:8080'],
        ['x-y', 'z'],
      ],
      ...{ body: 0, http10: false, keepAlive: true, expectsContinue: false },
    });
  });

  test('may have its address in absolute form, whose host wins', () => {
    expect(head('GET http://a.example/b?c HTTP/1.1', 'Host: other')).toMatchObject({
      ...{ path: '/b', search: '?c', hostname: 'a.example' },
    });
    expect(head('GET HTTP://a.example HTTP/1.1', 'Host: a.example').path).toBe('/');
    expect(head('GET http://a.example?b HTTP/1.1', 'Host: a.example')).toMatchObject({ path: '/', search: '?b' });
    expect(status('GET ftp://a.example/ HTTP/1.1', 'Host: a.example')).toBe(400);
    expect(status('GET http://u@a.example/ HTTP/1.1', 'Host: a.example')).toBe(400);
  });

  test('may have bytes beyond ASCII in its query, which are escaped', () => {
    expect(head('GET /?q=\xc3\xa9%C3 HTTP/1.1', 'Host: a').search).toBe('?q=%C3%A9%C3');
  });

  test.each([
    ['GET / HTTP/1.1', 'Host: a', 'Connection: close', false],
    ['GET / HTTP/1.1', 'Host: a', 'Connection: x, Close', false],
    ['GET / HTTP/1.1', 'Host: a', 'Connection: keep-alive', true],
    ['GET / HTTP/1.0', 'Host: a', 'X: y', false],
    ['GET / HTTP/1.0', 'Host: a', 'Connection: Keep-Alive', true],
  ])('%s %s %s: whether the connection stays', (line, host, connection, expected) => {
    expect(head(line, host, connection).keepAlive).toBe(expected);
  });

  test('tells how long the body is', () => {
    expect(head('POST / HTTP/1.1', 'Host: a', 'Content-Length: 012').body).toBe(12);
    expect(head('POST / HTTP/1.1', 'Host: a', 'Transfer-Encoding: Chunked').body).toBe('chunked');
    expect(head('POST / HTTP/1.1', 'Host: a', 'Content-Length: 1', 'Expect: 100-Continue').expectsContinue).toBe(true);
  });

  test.each([
    ['GET / HTTP/1.1', 'Host: a b'],
    ['GET / HTTP/1.1', 'Host: a/b'],
    ['GET / HTTP/1.1', 'Host: a?b'],
    ['GET / HTTP/1.1', 'Host: a\\b'],
    ['GET / HTTP/1.1', 'Host: u@a'],
    ['GET / HTTP/1.1', 'Host: a:b'],
    ['GET / HTTP/1.1', 'Host: [::1'],
    ['GET / HTTP/1.1', 'Host: \xe9'],
    ['GET / HTTP/1.1', 'X: y'],
    ['GET / HTTP/1.1', 'Host: a', 'Host: a'],
    ['GET / HTTP/1.1', 'Host: a', ' folded'],
    ['GET / HTTP/1.1', 'Host: a', 'X : y'],
    ['GET / HTTP/1.1', 'Host: a', ': y'],
    ['GET / HTTP/1.1', 'Host: a', 'X'],
    ['GET / HTTP/1.1', 'Host: a', 'X: y\0'],
    ['GET / HTTP/1.1', 'Host: a', 'X: y\nContent-Length: 5'],
    ['GET / HTTP/1.1', 'Host: a', 'X: y\rz'],
    ['GET / HTTP/1.1', 'Host: a', 'Content-Length: +5'],
    ['GET / HTTP/1.1', 'Host: a', 'Content-Length: 5, 5'],
    ['GET / HTTP/1.1', 'Host: a', 'Content-Length: 0x5'],
    ['GET / HTTP/1.1', 'Host: a', 'Content-Length:'],
    ['GET / HTTP/1.1', 'Host: a', 'Content-Length: 1', 'content-length: 1'],
    ['GET / HTTP/1.1', 'Host: a', 'Content-Length: 1', 'Transfer-Encoding: chunked'],
    ['GET / HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
    ['GET / HTTP/1.0', 'Host: a', 'Transfer-Encoding: chunked'],
    ['GET  / HTTP/1.1', 'Host: a'],
    ['GET /  HTTP/1.1', 'Host: a'],
    ['GET /\tHTTP/1.1', 'Host: a'],
    ['GET / http/1.1', 'Host: a'],
    ['GET / HTTP/1.1 ', 'Host: a'],
    ['GET /', 'Host: a'],
    ['GET a HTTP/1.1', 'Host: a'],
    ['GET /a#b HTTP/1.1', 'Host: a'],
    ['GET ?a HTTP/1.1', 'Host: a'],
    ['G(T / HTTP/1.1', 'Host: a'],
  ])('%j %j %j is refused', (line, ...fields) => {
    expect(status(line, ...fields.filter((field) => typeof field === 'string'))).toBe(400);
  });

  test('is read in a short time, whatever a line contains', () => {
    const blanks = ' \t'.repeat(8_000);
    for (const value of [`${blanks}\x01`, `x${blanks}x`, blanks, `x${blanks}`])
      status('GET / HTTP/1.1', 'Host: a', `X:${value}`);
    for (const target of ['http://', 'http:///', '/'])
      status(`GET ${target}${'a'.repeat(16_000)}#/ HTTP/1.1`, 'Host: a');
    status(`GET /${' '.repeat(16_000)} HTTP/1.1`, 'Host: a');
  });

  test('keeps fields whose names JavaScript objects have too', () => {
    expect(head('GET / HTTP/1.1', 'Host: a', 'Constructor: b', '__proto__: c').fields).toHaveLength(3);
  });

  test('is refused if it asks for something that this server does not do', () => {
    expect(status('GET / HTTP/2.0', 'Host: a')).toBe(505);
    expect(status('GET / HTTP/0.9', 'Host: a')).toBe(505);
    expect(status('POST / HTTP/1.1', 'Host: a', 'Transfer-Encoding: gzip, chunked')).toBe(501);
    expect(status('POST / HTTP/1.1', 'Host: a', 'Content-Length: 1', 'Expect: tea')).toBe(417);
    expect(status('GET / HTTP/1.7', 'Host: a')).toBe(200);
  });
});
