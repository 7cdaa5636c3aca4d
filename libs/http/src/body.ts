import { arrived, endOfTurn, reading } from './body-deadline.ts';
import type { Body } from './contract/operation.ts';
import { isJson, isPlain } from './media-type.ts';
import { RequestProblem } from './problem.ts';

/** Throws at bytes that are not UTF-8 instead of replacing them: a text is kept exactly as sent, or refused. */
const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Makes a reader of a route's bodies: JSON in UTF-8 of at most `bytesMax` bytes. `emptyIf` says which bodies count as an
 * object without fields: an absent one, or also `null`. The reader throws
 * - 415 if the body has a content encoding or is not declared as JSON (any web page can make a browser send an
 *   undeclared one),
 * - 413 if it is too long,
 * - 400 if it is missing, not UTF-8 or not JSON,
 * - 408 if it does not arrive in time (`bodyDeadline`).
 */
export function jsonBody(bytesMax: number, emptyIf?: Body['emptyIf']): (request: Request) => Promise<unknown> {
  return async (request) => {
    const refusal = refusalOf(request.headers);
    const declared = Number(request.headers.get('content-length'));
    // Without a body, its Content-Type and encoding do not matter.
    if (refusal !== undefined && declared > 0) throw refusal;
    if (declared > bytesMax) throw tooLarge(bytesMax);
    const body = reading(request);
    await endOfTurn();
    const now = arrived(body);
    const bytes = now instanceof ArrayBuffer ? now : await now.catch(unreadable);
    if (bytes.byteLength > bytesMax) throw tooLarge(bytesMax);
    if (refusal !== undefined && bytes.byteLength > 0) throw refusal;
    if (bytes.byteLength > 0) return parse(bytes) ?? (emptyIf === 'absent or null' ? {} : null);
    if (emptyIf !== undefined) return {};
    throw new RequestProblem(400, 'The request body is empty; send a JSON object.');
  };
}

/** The client went away in the middle of the body, or Bun cut off one that is far too long: no fault of ours. */
function unreadable(error: unknown): never {
  if (error instanceof RequestProblem) throw error;
  throw new RequestProblem(400, 'The request could not be read.');
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
