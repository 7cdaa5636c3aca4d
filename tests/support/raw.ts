/** Sends bytes that no HTTP client would send, such as a GET with a body, and reads the answers. */
import type { Socket } from 'bun';

export interface RawAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

export interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A string is sent with its Content-Length, an array in chunks. */
  readonly body?: string | readonly string[];
}

const DEADLINE_MS = 15_000;

/** Sends a request byte for byte as described, and returns the answer. The answer's body is parsed if it is JSON. */
export async function rawHttp(url: string, request: RawRequest) {
  const { hostname, port } = new URL(url);
  const answer = await sendRaw(Number(port), textOf(hostname, request));
  const isJson = answer.headers['content-type']?.includes('json') === true;
  return { ...answer, headers: new Headers(answer.headers), body: isJson ? JSON.parse(answer.body) : answer.body };
}

function textOf(host: string, { method, path, headers = {}, body }: RawRequest): string {
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  if (typeof body === 'string') fields.push(`Content-Length: ${Buffer.byteLength(body)}`);
  if (typeof body === 'object') fields.push('Transfer-Encoding: chunked');
  const head = [`${method} ${path} HTTP/1.1`, `Host: ${host}`, ...fields, 'Connection: close', '', ''];
  return head.join('\r\n') + (typeof body === 'object' ? chunksOf(body) : (body ?? ''));
}

function chunksOf(parts: readonly string[]): string {
  const chunks = parts.map((part) => `${Buffer.byteLength(part).toString(16)}\r\n${part}\r\n`);
  return `${chunks.join('')}0\r\n\r\n`;
}

/**
 * Sends bytes and returns the first answer (status 0: none) once the server closes. Rejects after 15 s without that.
 */
export async function sendRaw(port: number, bytes: string | Uint8Array): Promise<RawAnswer> {
  const [first] = await answersTo(port, bytes);
  return first ?? { status: 0, headers: {}, body: '' };
}

/**
 * Sends bytes and returns all answers of the connection, once the server closes it. An answer's length is its
 * Content-Length or its chunks. `halfClose` ends our direction after the last byte.
 */
export async function answersTo(port: number, bytes: string | Uint8Array, halfClose = false): Promise<RawAnswer[]> {
  const { promise, resolve: done, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => reject(new Error('the server did not close the connection')), DEADLINE_MS);
  const chunks: Buffer[] = [];
  let unsent: Buffer | undefined = Buffer.from(bytes);
  // The socket takes a long request in parts. It calls `drain` for the next part.
  const send = (socket: Socket): void => {
    if (unsent === undefined) return;
    unsent = unsent.subarray(Math.max(0, socket.write(unsent)));
    if (unsent.length > 0) return;
    unsent = undefined;
    if (halfClose) socket.shutdown();
  };
  await Bun.connect({
    hostname: '127.0.0.1',
    port,
    allowHalfOpen: halfClose,
    socket: {
      open: send,
      drain: send,
      data: (_, received) => void chunks.push(Buffer.from(received)),
      end: (own) => void own.end(),
      close: () => done(),
      error: () => done(),
    },
  });
  await promise.finally(() => clearTimeout(timer));
  return parse(Buffer.concat(chunks));
}

function parse(received: Buffer): RawAnswer[] {
  const answers: RawAnswer[] = [];
  for (let rest = received; rest.length > 0; ) {
    const end = rest.indexOf('\r\n\r\n');
    if (end === -1) break;
    const [first = '', ...lines] = rest.subarray(0, end).toString('latin1').split('\r\n');
    const headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.replace(/^[^:]*:\s*/, '')]),
    );
    const content = contentOf(headers, rest.subarray(end + 4));
    answers.push({ status: Number(first.split(' ')[1]), headers, body: content.body.toString('utf8') });
    rest = content.rest;
  }
  return answers;
}

function contentOf(headers: Readonly<Record<string, string>>, input: Buffer): { body: Buffer; rest: Buffer } {
  if (headers['transfer-encoding'] !== 'chunked') {
    const length = Number(headers['content-length'] ?? input.length);
    return { body: input.subarray(0, length), rest: input.subarray(length) };
  }
  const chunks: Buffer[] = [];
  for (let rest = input; ; ) {
    const lineEnd = rest.indexOf('\r\n');
    const size = Number.parseInt(rest.subarray(0, lineEnd).toString('latin1'), 16);
    if (!(size > 0)) return { body: Buffer.concat(chunks), rest: rest.subarray(lineEnd + 4) };
    chunks.push(rest.subarray(lineEnd + 2, lineEnd + 2 + size));
    rest = rest.subarray(lineEnd + 2 + size + 2);
  }
}
