import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { BATCH_BODY_BYTES_MAX } from '@parley/domain';
import type { HttpServer } from '@parley/http';
import { problemResponse } from '@parley/http';

/**
 * Serves a fetch handler on node:http. Bun.serve drops the body of a GET request, which is how existing clients search,
 * and node:http under Bun keeps it: a GET with a body on a search path is handed on as a POST, as nginx does in front of
 * the distributed system. Trades about half of the requests a second for that; behind nginx the apps use Bun.serve.
 */
const SEARCH_PATH = /^\/api\/applications\/[^/]+\/chats\/[^/]+\/search\/?$/;
/** The largest body that any route takes; what comes beyond is read and dropped, so that the answer can be sent. */
const BODY_BYTES_READ_MAX = BATCH_BODY_BYTES_MAX;

export async function serveNode(
  handle: (request: Request) => Response | Promise<Response>,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<HttpServer> {
  let draining = false;
  const server = createServer((incoming, outgoing) => {
    if (draining) outgoing.setHeader('connection', 'close');
    respond(handle, incoming, outgoing).catch(() => outgoing.destroy());
  });
  server.keepAliveTimeout = 75_000;
  server.listen({ host, port });
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    drain: () => {
      draining = true;
    },
    // It has no second instance that others could turn to meanwhile.
    leave: async () => {},
    stop: async (graceMs) => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      await Promise.race([closed, Bun.sleep(graceMs)]);
      server.closeAllConnections();
    },
  };
}

async function respond(
  handle: (request: Request) => Response | Promise<Response>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const body = await readBody(incoming);
  const response = body === 'too large' ? tooLarge() : await handle(toRequest(incoming, body));
  const headers: Record<string, string> = {};
  response.headers.forEach((value, name) => {
    headers[name] = value;
  });
  const content = Buffer.from(await response.arrayBuffer());
  if (incoming.method !== 'HEAD') headers['content-length'] = String(content.byteLength);
  outgoing.writeHead(response.status, headers);
  outgoing.end(content);
}

function tooLarge(): Response {
  const detail = `The request body is longer than ${BODY_BYTES_READ_MAX} bytes.`;
  return problemResponse({ status: 413, detail, headers: { connection: 'close' } });
}

async function readBody(incoming: IncomingMessage): Promise<Buffer | 'too large' | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > BODY_BYTES_READ_MAX) chunks.length = 0;
    else chunks.push(chunk);
  }
  if (bytes > BODY_BYTES_READ_MAX) return 'too large';
  return chunks.length === 0 ? undefined : chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
}

function toRequest(incoming: IncomingMessage, body: Buffer | undefined): Request {
  const method = incoming.method ?? 'GET';
  const headers = incoming.headers as Record<string, string>;
  // The host is not ours to judge; a target in absolute form has one of its own.
  const { pathname, search } = URL.parse(incoming.url ?? '/', 'http://localhost') ?? { pathname: '/', search: '' };
  const url = `http://localhost${pathname}${search}`;
  if (method === 'GET' || method === 'HEAD') {
    if (body === undefined || method === 'HEAD' || !SEARCH_PATH.test(pathname)) {
      return new Request(url, { method, headers });
    }
    return new Request(url, { method: 'POST', headers, body: new Uint8Array(body) });
  }
  return new Request(url, { method, headers, ...(body && { body: new Uint8Array(body) }) });
}
