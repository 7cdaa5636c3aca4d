/**
 * Serves a fetch handler on our own listener. Bun.serve drops the body of a GET, with which existing clients search,
 * and does not report what it refuses. node:http under Bun keeps the body, but has half the speed and few limits
 * (decision 0004). A GET with a body on a search path is passed on as a POST, like nginx does in the distributed
 * system.
 */
import { BODY_BYTES_MAX } from '@parley/domain';
import {
  type Cors,
  type HttpServer,
  methodsOf,
  NORMAL_PATH,
  newRequestId,
  problemResponse,
  REFUSAL_OF_PATH,
  rulesAt,
} from '@parley/http';
import type { Logger } from '@parley/runtime';
import { allowedHosts, isLoopback, listeningHosts } from './hosts.ts';
import { Listener, type ListenerLimits } from './listener/listener.ts';
import type { Refusal, RequestHead } from './listener/request-head.ts';

export interface Serve {
  readonly host: string;
  readonly port: number;
  readonly allowedHosts: string;
  readonly requestTimeoutMs: number;
  /** Undefined: pages of other origins cannot call. */
  readonly cors: Cors | undefined;
  readonly logger: Logger;
}

type Handle = (request: Request) => Response | Promise<Response>;

const LIMITS: Omit<ListenerLimits, 'requestMs'> = {
  connectionsMax: 4_096,
  bodyBytesMax: ({ path }) => rulesAt(path)?.bodyBytesMax ?? BODY_BYTES_MAX,
  idleMs: 75_000,
  headMs: 10_000,
  stallMs: 10_000,
  sendBytesPerMs: 64,
  lingerMs: 2_000,
  unsentBytesMax: 24 * 1024 * 1024,
  heldBytesMax: 64 * 1024 * 1024,
};

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
/**
 * The health checks' callers use the process's address, so any host name is allowed. They hardly ever wait for
 * admission.
 */
const UNGUARDED_PATHS = ['/healthz', '/readyz'];

export async function serve(handle: Handle, options: Serve): Promise<HttpServer> {
  const allowed = allowedHosts(options.allowedHosts, await isLoopback(options.host));
  const requestMs = options.requestTimeoutMs;
  const { cors } = options;
  const answer = cors?.wrap(handle) ?? handle;
  const refuse = (refusal: Refusal, head: RequestHead | undefined, requestId?: string): Response => {
    const response = answerRefusal(refusal, requestId);
    return cors?.mark(response, originOf(head)) ?? response;
  };
  const listener = new Listener({
    hosts: listeningHosts(options.host),
    port: options.port,
    limits: { ...LIMITS, requestMs, headMs: Math.min(LIMITS.headMs, requestMs) },
    isLong: ({ method, path }) => (method === 'GET' || method === 'HEAD') && !UNGUARDED_PATHS.includes(path),
    check: (head) => refusalOf(head, allowed),
    refuse,
    serve: async (head, body) => {
      try {
        return await answer(requestOf(head, body));
      } catch (error) {
        const requestId = newRequestId();
        options.logger.error({ err: error, requestId }, 'request failed');
        const detail = 'Something went wrong on our side; it is in our logs.';
        return refuse({ status: 500, detail }, head, requestId);
      }
    },
  });
  return {
    port: listener.port,
    drain: () => listener.drain(),
    stop: (graceMs) => listener.stop(graceMs),
  };
}

/** Why to refuse a request before a route sees it; undefined if there is no reason. */
function refusalOf(head: RequestHead, allowed: (hostname: string | undefined) => boolean): Refusal | undefined {
  const { method, path, hostname } = head;
  if (method === 'TRACE' || method === 'CONNECT') {
    const allow = (methodsOf(path).length > 0 ? methodsOf(path) : METHODS).join(', ');
    return { status: 405, detail: `This path takes ${allow}.`, headers: { allow } };
  }
  if (!METHODS.includes(method)) return { status: 501, detail: 'There is no such method here.' };
  if (!allowed(hostname) && !UNGUARDED_PATHS.includes(path)) {
    return { status: 421, detail: 'This server is not called by this host name; ALLOWED_HOSTS names more.' };
  }
  return NORMAL_PATH.test(path) ? undefined : REFUSAL_OF_PATH;
}

/** The answer for a refusal. It gets a request id here, because no route gives it one. */
function answerRefusal({ status, detail, headers }: Refusal, requestId = newRequestId()): Response {
  return problemResponse({ status, detail, headers: { ...headers, 'x-request-id': requestId } });
}

/** The origin of the page that sent a request, as far as its head was read. */
function originOf(head: RequestHead | undefined): string | null {
  return head?.fields.find(([name]) => name === 'origin')?.[1] ?? null;
}

function requestOf({ method, path, search, fields }: RequestHead, body: Buffer): Request {
  const url = `http://localhost${path}${search}`;
  if (method === 'HEAD' || body.length === 0) return new Request(url, { method, headers: fields });
  if (method !== 'GET') return new Request(url, { method, headers: fields, body: new Uint8Array(body) });
  if (rulesAt(path)?.takesGetWithBody !== true) return new Request(url, { method, headers: fields });
  // A GET with a body may lack a Content-Type: a web page cannot make a browser send such a request.
  const typed = fields.some(([name]) => name === 'content-type');
  const headers: [string, string][] = typed ? fields : [...fields, ['content-type', 'application/json']];
  return new Request(url, { method: 'POST', headers, body: new Uint8Array(body) });
}
