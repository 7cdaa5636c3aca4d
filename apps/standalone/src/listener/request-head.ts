/**
 * Reads the head of an HTTP/1 request (RFC 9112) strictly: it refuses what a proxy could understand differently. Bytes
 * are read as ISO 8859-1, so one character is one byte.
 */
import type { ProblemStatus } from '@parley/http';

/** Why a request is refused: the status, detail and headers of its answer. The connection is closed after it. */
export interface Refusal {
  readonly status: ProblemStatus;
  readonly detail: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface RequestHead {
  readonly method: string;
  /** The path as the client sent it, with its escapes. */
  readonly path: string;
  /** The query with its question mark; empty if there is none. */
  readonly search: string;
  /** The host without its port, in lower case; undefined if an HTTP/1.0 client sent none. */
  readonly hostname: string | undefined;
  /** The header fields as sent, in order; only the names are in lower case. */
  readonly fields: [name: string, value: string][];
  /** The body's length in bytes, or `chunked` (length not known in advance). */
  readonly body: number | 'chunked';
  readonly keepAlive: boolean;
  /** Whether the client speaks HTTP/1.0: its connection closes unless it asks otherwise. */
  readonly http10: boolean;
  /** Whether the client waits for a 100 (Continue) before it sends the body. */
  readonly expectsContinue: boolean;
}

/** Bytes of one line of a head, and of a whole head. nginx has the same limits in the distributed system. */
export const LINE_BYTES_MAX = 16 * 1024;
export const HEAD_BYTES_MAX = 64 * 1024;

const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([^\x00-\x20\x7f]+) HTTP\/([0-9])\.([0-9])$/;
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/;
const ABSOLUTE = /^https?:\/\/([^/?]*)(.*)$/i;
const HOST = /^([A-Za-z0-9._~!$&'()*+,;=%-]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?$/;
const LENGTH = /^[0-9]{1,15}$/;
const SLASH = 0x2f;

const bad = (detail: string): Refusal => ({ status: 400, detail });

export function isRefusal(value: object): value is Refusal {
  return 'detail' in value;
}

/** Reads a head; `text` lacks the empty line that ends it. Returns a refusal if it is malformed. */
export function readHead(text: string): RequestHead | Refusal {
  const lines = text.split('\r\n');
  const line = REQUEST_LINE.exec(lines[0] as string);
  if (line === null) return bad('The request line could not be understood.');
  const [, method, target, major, minor] = line as unknown as [string, string, string, string, string];
  if (major !== '1') return { status: 505, detail: 'This is a server of HTTP/1.1.' };
  const fields: [string, string][] = [];
  const singles = new Map<string, string>();
  for (let index = 1; index < lines.length; index += 1) {
    const field = readField(lines[index] as string);
    if (field === undefined) return bad('A header field could not be understood.');
    const [name, value] = field;
    if (SINGLE.has(name)) {
      if (singles.has(name)) return bad(`The field ${name} was sent twice.`);
      singles.set(name, value);
    }
    fields.push(field);
  }
  const http10 = minor === '0';
  const host = singles.get('host');
  if (host === undefined && !http10) return bad('The request has no Host.');
  const address = readTarget(target, method, host);
  if (isRefusal(address)) return address;
  const { authority, ...named } = address;
  if (authority !== undefined) setField(fields, 'host', authority);
  const body = readLength(singles, http10);
  if (typeof body === 'object') return body;
  const expectation = singles.get('expect');
  if (expectation !== undefined && expectation.toLowerCase() !== '100-continue') {
    return { status: 417, detail: 'The only expectation that can be met is 100-continue.' };
  }
  return {
    method,
    ...named,
    fields,
    body,
    http10,
    keepAlive: keepsAlive(fields, http10),
    expectsContinue: expectation !== undefined && !http10 && body !== 0,
  };
}

/** Header fields that are meaningless or ambiguous if they come twice. */
const SINGLE: ReadonlySet<string> = new Set(['host', 'content-length', 'transfer-encoding', 'content-type', 'expect']);

/** A header field's name in lower case and its value without blanks around it; undefined if the line is not a field. */
export function readField(line: string): [name: string, value: string] | undefined {
  const colon = line.indexOf(':');
  const name = line.slice(0, Math.max(0, colon));
  if (!NAME.test(name) || CONTROL.test(line)) return undefined;
  let start = colon + 1;
  let end = line.length;
  while (start < end && isBlank(line.charCodeAt(start))) start += 1;
  while (end > start && isBlank(line.charCodeAt(end - 1))) end -= 1;
  return [name.toLowerCase(), line.slice(start, end)];
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/**
 * Splits a request's target, `/path?query` or `http://host/path?query`. A host in the target wins over the Host field.
 */
function readTarget(
  target: string,
  method: string,
  host: string | undefined,
): (Pick<RequestHead, 'path' | 'search' | 'hostname'> & { readonly authority?: string }) | Refusal {
  if (target.includes('#')) return bad('The address could not be understood.');
  const absolute = target.charCodeAt(0) === SLASH ? null : ABSOLUTE.exec(target);
  const authority = absolute?.[1];
  if (![host, authority].every((each) => each === undefined || HOST.test(each))) {
    return bad('The Host could not be understood.');
  }
  const named = { hostname: hostnameOf(authority ?? host), ...(authority !== undefined && { authority }) };
  // CONNECT and `*` name no path: they mean a proxy or the whole server.
  if (method === 'CONNECT' || target === '*') return { path: '*', search: '', ...named };
  const local = absolute === null ? target : (absolute[2] as string);
  if (absolute === null && local.charCodeAt(0) !== SLASH) return bad('The address could not be understood.');
  const mark = local.indexOf('?');
  const path = mark === -1 ? local : local.slice(0, mark);
  return { path: path === '' ? '/' : path, search: mark === -1 ? '' : escaped(local.slice(mark)), ...named };
}

function setField(fields: [string, string][], name: string, value: string): void {
  const field = fields.find(([each]) => each === name);
  if (field === undefined) fields.push([name, value]);
  else field[1] = value;
}

/** The name in a Host header, without its port and without a dot at its end. */
function hostnameOf(host: string | undefined): string | undefined {
  return host === undefined ? undefined : HOST.exec(host)?.[1]?.toLowerCase().replace(/\.$/, '');
}

/** Percent-encodes bytes beyond ASCII in a query: many clients send them as they are. */
function escaped(search: string): string {
  return search.replaceAll(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`);
}

function readLength(singles: ReadonlyMap<string, string>, http10: boolean): RequestHead['body'] | Refusal {
  const length = singles.get('content-length');
  const coding = singles.get('transfer-encoding');
  if (coding === undefined) {
    if (length === undefined) return 0;
    return LENGTH.test(length) ? Number(length) : bad('Content-Length could not be understood.');
  }
  if (length !== undefined) return bad('Content-Length and Transfer-Encoding exclude each other.');
  if (http10) return bad('HTTP/1.0 has no Transfer-Encoding.');
  if (coding.toLowerCase() === 'chunked') return 'chunked';
  return { status: 501, detail: 'The only transfer coding is chunked.' };
}

function keepsAlive(fields: readonly (readonly [string, string])[], http10: boolean): boolean {
  let keep = !http10;
  for (const [name, value] of fields) {
    if (name !== 'connection') continue;
    const options = value.toLowerCase();
    if (options.includes('close')) return false;
    if (options.includes('keep-alive')) keep = true;
  }
  return keep;
}
