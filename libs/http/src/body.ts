import { RequestProblem } from './problem.ts';

/** Rejects what is not UTF-8 instead of replacing it: a text is kept exactly as sent or not at all. */
const utf8 = new TextDecoder('utf-8', { fatal: true });
const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json *(?:;.*)?$/i;

/**
 * A route's body parser: JSON in UTF-8 of at most `bytesMax` bytes. Throws 415 for another content type (none at all is
 * taken for JSON), 413 for a longer body, 400 for what is not UTF-8 or not JSON.
 */
export function jsonBody(bytesMax: number) {
  return async ({ request }: { request: Request }): Promise<unknown> => {
    const type = request.headers.get('content-type');
    if (type !== null && type !== 'application/json' && !JSON_TYPE.test(type)) {
      throw new RequestProblem(415, 'Send the body as JSON, with Content-Type: application/json.');
    }
    if (Number(request.headers.get('content-length')) > bytesMax) throw tooLarge(bytesMax);
    const bytes = await request.arrayBuffer();
    if (bytes.byteLength > bytesMax) throw tooLarge(bytesMax);
    return parse(bytes);
  };
}

function parse(bytes: ArrayBuffer): unknown {
  if (bytes.byteLength === 0) throw new RequestProblem(400, 'The request body is empty; send a JSON object.');
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    throw new RequestProblem(400, 'The request body is not JSON in UTF-8.');
  }
}

function tooLarge(bytesMax: number): RequestProblem {
  return new RequestProblem(413, `The request body is longer than ${bytesMax} bytes.`);
}
