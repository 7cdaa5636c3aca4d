import { describe, expect, test } from 'bun:test';
import { isRefusal } from './request-head.ts';
import { RequestReader } from './request-reader.ts';

const BODY_BYTES_MAX = 1_000;

/** Reads bytes that arrive in pieces of these sizes. Returns each request's path and body; for a refusal its status. */
function read(bytes: Uint8Array, pieceSizes: readonly number[] = []): (string | number)[] {
  const reader = new RequestReader(() => BODY_BYTES_MAX);
  const seen: (string | number)[] = [];
  for (let at = 0, piece = 0; at < bytes.length; piece += 1) {
    const size = pieceSizes[piece] ?? bytes.length;
    reader.append(Buffer.from(bytes.subarray(at, at + size)));
    at += size;
    for (let taken = reader.take(); taken !== undefined; taken = reader.take()) {
      if (isRefusal(taken)) return [...seen, taken.status];
      seen.push(`${taken.head.path} ${taken.body.toString()}`);
    }
  }
  expect(reader.bytes).toBeGreaterThanOrEqual(0);
  return seen;
}

const text = (value: string) => Buffer.from(value, 'latin1');
const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
const sized = (body: string) => `POST /sized HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const chunked = (chunks: string) => `POST /chunked HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`;

describe('the requests of a connection', () => {
  const all = [
    get('/a'),
    sized('hello'),
    chunked('3\r\nabc\r\n00A;x="y"\r\n0123456789\r\n0\r\nT: u\r\n\r\n'),
    get('/b'),
  ];
  const expected = ['/a ', '/sized hello', '/chunked abc0123456789', '/b '];

  test('are the same however their bytes arrive', () => {
    const bytes = text(all.join('\r\n')); // the empty line before each request is ignored
    for (let size = 1; size <= 60; size += 1) {
      const pieces = Array.from({ length: bytes.length }, (_, index) => 1 + ((index * index * 7 + size * 13) % size));
      expect(read(bytes, pieces)).toEqual(expected);
    }
    expect(read(bytes, Array(bytes.length).fill(1))).toEqual(expected);
  });

  test.each([
    'x\r\nabc\r\n',
    '+3\r\nabc\r\n',
    '0x3\r\nabc\r\n',
    '-1\r\n',
    '\r\n',
    ' 3\r\nabc\r\n',
    '3\nabc\r\n',
    '3\r\nabcd\r\n',
  ])('chunks such as %j are refused', (chunks) => {
    expect(read(text(chunked(chunks)))).toEqual([400]);
  });

  test('a size of many digits, endless extensions and endless trailers are refused', () => {
    expect(read(text(chunked('000000003\r\nabc\r\n')))).toEqual([400]);
    expect(read(text(chunked(`3;${'x'.repeat(2_000)}`)))).toEqual([400]);
    expect(read(text(chunked(`0\r\n${'T: u\r\n'.repeat(100)}`)))).toEqual([400]);
  });

  test('a body is refused as soon as it is known to be too long', () => {
    expect(read(text('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n'))).toEqual([413]);
    expect(read(text(chunked('3E8\r\n')))).toEqual([]);
    expect(read(text(chunked('3E9\r\n')))).toEqual([413]);
    expect(read(text(chunked(`1f4\r\n${'x'.repeat(500)}\r\n1f5\r\n`)))).toEqual([413]);
  });

  test('lines that end with a line feed alone are refused at once', () => {
    expect(read(text('GET / HTTP/1.1\nHost: a\n\n'))).toEqual([400]);
    expect(read(text('GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n'))).toEqual([400]);
  });

  test('a line, and a head, that are too long are refused before they end', () => {
    expect(read(text(`GET /${'x'.repeat(17_000)}`))).toEqual([414]);
    expect(read(text(`GET / HTTP/1.1\r\nX: ${'x'.repeat(17_000)}`))).toEqual([431]);
    expect(read(text(`GET / HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(11_000)}`))).toEqual([431]);
    expect(read(text(`GET / HTTP/1.1\r\nHost: a\r\n${`X: ${'y'.repeat(16_000)}\r\n`.repeat(4)}\r\n`))).toEqual(['/ ']);
  });
});
