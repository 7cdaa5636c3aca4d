/** Requests as no client library would send them: a GET with a body, a body without a type, chunks. */
export interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent with its Content-Length; an array is sent in chunks. */
  readonly body?: string | readonly string[];
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever came
  readonly body: any;
}

/** Sends the request on a connection of its own and answers what came until it was closed. */
export async function rawHttp(url: string, request: RawRequest): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const received: Buffer[] = [];
  await Bun.connect({
    hostname,
    port: Number(port),
    socket: {
      open: (socket) => void socket.write(textOf(hostname, request)),
      data: (_, chunk) => void received.push(Buffer.from(chunk)),
      close: () => resolve(Buffer.concat(received).toString()),
      error: (_, error) => reject(error),
    },
  });
  return answerOf(await promise);
}

function textOf(host: string, { method, path, headers = {}, body }: RawRequest): string {
  const framing =
    typeof body === 'string'
      ? [`Content-Length: ${Buffer.byteLength(body)}`]
      : body === undefined
        ? []
        : ['Transfer-Encoding: chunked'];
  const given = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const head = [`${method} ${path} HTTP/1.1`, `Host: ${host}`, ...given, ...framing, 'Connection: close', '', ''];
  return head.join('\r\n') + (typeof body === 'object' ? chunksOf(body) : (body ?? ''));
}

function chunksOf(parts: readonly string[]): string {
  const chunks = parts.map((part) => `${Buffer.byteLength(part).toString(16)}\r\n${part}\r\n`);
  return `${chunks.join('')}0\r\n\r\n`;
}

function answerOf(text: string): RawAnswer {
  const end = text.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers = new Headers(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    }),
  );
  const body = headers.get('transfer-encoding') === 'chunked' ? unchunked(text.slice(end + 4)) : text.slice(end + 4);
  const isJson = headers.get('content-type')?.includes('json') === true;
  return { status: Number(statusLine.split(' ')[1]), headers, body: isJson ? JSON.parse(body) : body };
}

/** For answers in ASCII or in one chunk. */
function unchunked(text: string): string {
  let rest = text;
  let body = '';
  for (;;) {
    const lineEnd = rest.indexOf('\r\n');
    const size = Number.parseInt(rest.slice(0, lineEnd), 16);
    if (!(size > 0)) return body;
    const bytes = Buffer.from(rest.slice(lineEnd + 2));
    body += bytes.subarray(0, size).toString();
    rest = bytes.subarray(size + 2).toString();
  }
}
