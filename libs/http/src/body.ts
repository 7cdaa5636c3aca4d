import { arrived } from './body-deadline.ts';
import type { Body } from './contract/operations.ts';
import { isJson, isPlain } from './media-type.ts';
import { RequestProblem } from './problem.ts';

/** Rejects what is not UTF-8 instead of replacing it: a text is kept exactly as sent or not at all. */
const utf8 = new TextDecoder('utf-8', { fatal: true });

type BodyParser = (context: { readonly request: Request }) => Promise<unknown>;

/**
 * A route's body parser: JSON in UTF-8 of at most `bytesMax` bytes. Where `emptyIf` says so, no body (or one that is null)
 * counts as an object without fields. Throws 415 for a body that is encoded or that is not declared as JSON (any web page
 * can make a browser send one without a type), 413 for a longer body, 400 for none, for what is not UTF-8 and for what
 * is not JSON, 408 where it does not arrive in time (`bodyDeadline`).
 */
export function jsonBody(bytesMax: number, emptyIf?: Body['emptyIf']): BodyParser {
  return async ({ request }) => {
    const bytes = await read(request, bytesMax);
    if (bytes.byteLength > 0) return parse(bytes) ?? (emptyIf === 'absent or null' ? {} : null);
    if (emptyIf !== undefined) return {};
    throw new RequestProblem(400, 'The request body is empty; send a JSON object.');
  };
}

/** The body's bytes, none where there is no body: its headers do not matter then. */
async function read(request: Request, bytesMax: number): Promise<ArrayBuffer> {
  const refusal = refusalOf(request.headers);
  const declared = Number(request.headers.get('content-length'));
  if (refusal !== undefined && declared > 0) throw refusal;
  if (declared > bytesMax) throw tooLarge(bytesMax);
  const bytes = await arrived(request.arrayBuffer());
  if (bytes.byteLength > bytesMax) throw tooLarge(bytesMax);
  if (refusal !== undefined && bytes.byteLength > 0) throw refusal;
  return bytes;
}

function refusalOf(headers: Headers): RequestProblem | undefined {
  const encoding = headers.get('content-encoding');
  if (encoding !== null && !isPlain(encoding)) {
    const accepted = { 'accept-encoding': 'identity' };
    return new RequestProblem(415, 'Send the body as it is, without a Content-Encoding.', undefined, accepted);
  }
  const type = headers.get('content-type');
  if (type === 'application/json' || (type !== null && isJson(type))) return undefined;
  return new RequestProblem(415, 'Send the body as JSON in UTF-8, with Content-Type: application/json.');
}

function parse(bytes: ArrayBuffer): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    throw new RequestProblem(400, 'The request body is not JSON in UTF-8.');
  }
}

function tooLarge(bytesMax: number): RequestProblem {
  return new RequestProblem(413, `The request body is longer than ${bytesMax} bytes.`);
}
