import { expect, test } from 'bun:test';
import { ChunkedBody } from './chunked-body.ts';

const BODY = '3\r\nabc\r\n00A;x="y"\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n';

function take(text: string, pieceBytes = text.length, bytesMax = 100) {
  const body = new ChunkedBody(bytesMax);
  let outcome: ReturnType<ChunkedBody['take']>;
  for (let at = 0; outcome === undefined && at < text.length; at += pieceBytes)
    outcome = body.take(Buffer.from(text.slice(at, at + pieceBytes)));
  const rest = outcome !== undefined && 'rest' in outcome ? outcome.rest.toString() : undefined;
  const status = outcome !== undefined && 'status' in outcome ? outcome.status : undefined;
  return { content: body.content.bytes().toString(), rest, status };
}

test('the content is put together, and what is behind the body is handed back', () => {
  expect(take(`${BODY}GET /next`)).toEqual({ content: 'abc0123456789', rest: 'GET /next', status: undefined });
});

test('in pieces of any size it is the same', () => {
  for (let size = 1; size < BODY.length; size += 1) expect(take(BODY, size).content).toBe('abc0123456789');
});

test('a body whose end has not come is not complete', () => {
  expect(take(BODY.slice(0, -1))).toEqual({ content: 'abc0123456789', rest: undefined, status: undefined });
});

test('a chunk that would make it too long is refused before it comes', () => {
  expect(take('64\r\n', 4, 100).status).toBeUndefined();
  expect(take('65\r\n', 4, 100).status).toBe(413);
  expect(take('3\r\nabc\r\n62\r\n', 1, 100).status).toBe(413);
});

test.each([
  ['no number', 'x\r\n'],
  ['a sign', '-1\r\n'],
  ['too many digits', '000000003\r\nabc\r\n'],
  ['a line without CR', '3\nabc\r\n'],
  ['a chunk longer than it said', '3\r\nabcd\r\n'],
  ['a trailer that is no field', '0\r\nnothing\r\n\r\n'],
  ['a trailer without end', `0\r\n${'a: b\r\n'.repeat(65)}`],
  ['a line that does not end', `3;${'x'.repeat(1_100)}`],
])('%s is refused', (_, text) => {
  expect(take(text).status).toBe(400);
});

test('a body of tiny chunks is refused, one of larger chunks is not', () => {
  const chunks = (size: number) => `${size.toString(16)}\r\n${'x'.repeat(size)}\r\n`.repeat(40_000);
  expect(take(chunks(1), 10_000, 1_000_000).status).toBe(400);
  expect(take(chunks(8), 10_000, 1_000_000).status).toBeUndefined();
});
