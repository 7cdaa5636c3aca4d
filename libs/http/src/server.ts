import type { BunRequest } from 'bun';
import type { AnyElysia } from 'elysia';
import { methodsOf, SERVED_PATHS } from './contract/routing.ts';
import type { Cors } from './cors.ts';
import { countConnections, refuseConnections } from './listening-socket.ts';
import { pathOf, REFUSAL_OF_PATH } from './normal-path.ts';
import { problemResponse } from './problem.ts';

/**
 * Bun refuses longer bodies itself, with an empty 413. Bodies up to this length get our own 413, which tells the limit.
 */
const BODY_BYTES_READ_MAX = 16 * 1024 * 1024;
/**
 * Bun closes a connection that is idle for longer. A load balancer must close it earlier, or its next request may be
 * lost.
 */
const IDLE_TIMEOUT_SECONDS = 75;
const LEAVE_POLL_MS = 100;

export interface HttpServer {
  readonly port: number;
  /** From now on each answer closes its connection, so that clients and load balancers connect elsewhere. */
  drain(): void;
  /**
   * Refuses new connections, and serves the existing ones until clients have closed them, for at most `lingerMs`. After
   * `drain`, each is closed with its next answer; an idle one when its client decides. Rejects if the system cannot do
   * this. Use it only if another instance can take new connections.
   */
  leave?(lingerMs: number): Promise<void>;
  /** Refuses new connections, waits at most `graceMs` for requests in flight, then closes all connections. */
  stop(graceMs: number): Promise<void>;
}

export interface Listen {
  readonly host: string;
  readonly port: number;
  /**
   * Lets several processes share the port. If off, a second process fails to start instead of taking half the requests.
   */
  readonly reusePort?: boolean | undefined;
  /** Undefined: pages of other origins cannot call. */
  readonly cors?: Cors | undefined;
}

type Handle = (request: Request) => Response | Promise<Response>;

/** Routes for Bun's own router: by path, then by method. */
export type NativeRoutes = Readonly<
  Record<string, Readonly<Record<string, (request: BunRequest) => Promise<Response>>>>
>;

/**
 * Serves an app with Bun.serve. Throws if the port is taken. Bun's own router calls the routes that Elysia's option
 * `serve.routes` has; all others go through Elysia's. The app gets a URL that Bun has normalized: `/x\..\api` becomes
 * `/api`. Bun's router, however, matches the address as sent. An address that leads to a route only after normalization
 * is refused.
 */
export function serve(app: AnyElysia, { host, port, reusePort = false, cors }: Listen): Required<HttpServer> {
  let draining = false;
  const throughElysia: Handle = (request) => app.fetch(request);
  const handle = (request: Request, answer: Handle) => (draining ? closing(answer(request)) : answer(request));
  const native = (app.config.serve?.routes ?? {}) as NativeRoutes;
  const routes: Record<string, (request: BunRequest) => Response | Promise<Response>> = {};
  for (const path of SERVED_PATHS) {
    const byMethod = native[path] ?? {};
    const routed = (request: BunRequest) => {
      if (!isPlain(request.params)) return refusePath();
      const answer = byMethod[request.method];
      if (answer !== undefined && hasHost(request)) return handle(request, answer as Handle);
      return handle(named(request), throughElysia);
    };
    const answered = cors?.wrap(routed) ?? routed;
    routes[path] = answered;
    if (path !== '/') routes[`${path}/`] = answered;
  }
  const unrouted = (request: Request) => {
    const asked = named(request);
    return methodsOf(pathOf(asked.url)).length > 0 ? refusePath() : handle(asked, throughElysia);
  };
  const server = Bun.serve({
    hostname: host,
    port,
    reusePort,
    idleTimeout: IDLE_TIMEOUT_SECONDS,
    maxRequestBodySize: BODY_BYTES_READ_MAX,
    development: false,
    routes,
    fetch: cors?.wrap(unrouted) ?? unrouted,
  });
  const boundPort = server.port ?? port;
  return {
    port: boundPort,
    drain: () => {
      draining = true;
    },
    leave: async (lingerMs) => {
      refuseConnections(boundPort);
      await allClosed(boundPort, lingerMs);
    },
    stop: async (graceMs) => {
      await Promise.race([server.stop(), Bun.sleep(graceMs)]);
      await server.stop(true);
    },
  };
}

const PLAIN = /^(?!\.{1,2}$)[^\x00-\x1f\x7f/\\%?#]+$/;

/** Whether each parameter of a path is one segment without escapes or control characters. */
function isPlain(params: Readonly<Record<string, string>>): boolean {
  for (const name in params) if (!PLAIN.test(params[name] as string)) return false;
  return true;
}

/** Whether a URL is whole. If the Host header is missing or invalid, Bun gives only the path. */
function hasHost(request: Request): boolean {
  return request.url.charCodeAt(0) !== 0x2f;
}

/** Makes a whole URL: a request without a valid Host header is served as well. */
function named(request: Request): Request {
  return hasHost(request) ? request : new Request(`http://localhost${request.url}`, request);
}

function refusePath(): Response {
  return problemResponse(REFUSAL_OF_PATH);
}

/**
 * Waits at most `withinMs` until a port has no connection. Two counts in a row must find none, because one may miss
 * some.
 */
async function allClosed(port: number, withinMs: number): Promise<void> {
  const until = performance.now() + withinMs;
  let emptyLooks = 0;
  while (emptyLooks < 2 && performance.now() < until) {
    await Bun.sleep(Math.min(LEAVE_POLL_MS, until - performance.now()));
    emptyLooks = countConnections(port) === 0 ? emptyLooks + 1 : 0;
  }
}

async function closing(answer: Response | Promise<Response>): Promise<Response> {
  const response = await answer;
  response.headers.set('connection', 'close');
  return response;
}
