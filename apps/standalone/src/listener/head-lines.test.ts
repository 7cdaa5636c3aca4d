import { expect, test } from 'bun:test';
import { HeadLines } from './head-lines.ts';
import { HEAD_BYTES_MAX, LINE_BYTES_MAX } from './request-head.ts';

const HEAD = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const find = (text: string) => new HeadLines().find(Buffer.from(text));
const status = (text: string) => {
  const found = find(text);
  return typeof found === 'object' ? found.status : found;
};

test('the end is where the last line of the head ends, whatever comes behind', () => {
  expect(find(HEAD)).toBe(HEAD.length - 4);
  expect(find(`${HEAD}body\r\n\r\nmore`)).toBe(HEAD.length - 4);
});

test('in pieces of any size the same end is found', () => {
  for (let size = 1; size <= HEAD.length; size += 1) {
    const lines = new HeadLines();
    let found: unknown;
    for (let length = size; found === undefined && length < HEAD.length + size; length += size) {
      found = lines.find(Buffer.from(HEAD.slice(0, length)));
      expect(lines.begun).toBe(true);
    }
    expect(found).toBe(HEAD.length - 4);
  }
});

test('nothing has begun before the first byte', () => {
  const lines = new HeadLines();
  expect(lines.begun).toBe(false);
  expect(lines.find(Buffer.alloc(0))).toBeUndefined();
  expect(lines.begun).toBe(false);
});

test('a line that ends without CR is refused', () => {
  expect(status('GET / HTTP/1.1\nHost: a\r\n\r\n')).toBe(400);
});

test('a first line that is too long is refused as an address, a later one as a header', () => {
  const long = 'x'.repeat(LINE_BYTES_MAX + 1);
  expect(status(long)).toBe(414);
  expect(status(`${long}\r\n`)).toBe(414);
  expect(status(`GET / HTTP/1.1\r\n${long}`)).toBe(431);
});

test('many lines are too long together', () => {
  const line = `a: ${'x'.repeat(1_000)}\r\n`;
  const lines = line.repeat(Math.ceil(HEAD_BYTES_MAX / line.length) + 1);
  expect(status(`GET / HTTP/1.1\r\n${lines}\r\n`)).toBe(431);
  expect(status(`GET / HTTP/1.1\r\n${lines}`), 'before their end has come').toBe(431);
});
