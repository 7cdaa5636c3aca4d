import type { BunRequest } from 'bun';
import type { AnyElysia } from 'elysia';
import { methodsOf, SERVED_PATHS } from './contract/routing.ts';
import { countConnections, refuseConnections } from './listening-socket.ts';
import { pathOf, REFUSAL_OF_PATH } from './normal-path.ts';
import { problemResponse } from './problem.ts';

/** Bun refuses what is longer itself, with a bare 413; up to here our own answer explains. */
const BODY_BYTES_READ_MAX = 16 * 1024 * 1024;
/** Idle connections end after this many seconds; longer than a load balancer keeps its own. */
const IDLE_TIMEOUT_SECONDS = 75;
const LEAVE_POLL_MS = 100;

export interface HttpServer {
  readonly port: number;
  /** From now on each answer closes its connection, so that clients and load balancers look elsewhere. */
  drain(): void;
  /**
   * Refuses new connections, and answers what comes on those that there are until the other ends have closed them: each
   * after its next answer, the idle ones when they see fit. Waits for that at most `lingerMs`. Only where another instance
   * can take the connections over.
   */
  leave?(lingerMs: number): Promise<void>;
  /** Refuses new connections, answers what is in flight for at most `graceMs`, then closes what is left. */
  stop(graceMs: number): Promise<void>;
}

export interface Listen {
  readonly host: string;
  readonly port: number;
  /** Several processes share the port. Off: a second one fails to start instead of taking half of the requests. */
  readonly reusePort?: boolean | undefined;
}

type Handle = (request: Request) => Response | Promise<Response>;

/**
 * Serves an app with Bun.serve. Throws where the port is taken. What Bun tells of an address is tidied already: `/x\..\api`
 * is `/api` there. Its router, however, reads what was sent; so an address that only the tidied one leads to is refused.
 */
export function serve(app: AnyElysia, { host, port, reusePort = false }: Listen): Required<HttpServer> {
  let draining = false;
  const handle: Handle = (request) => (draining ? closing(app.fetch(request)) : app.fetch(request));
  const routed = (request: BunRequest) => (isPlain(request.params) ? handle(named(request)) : refusePath());
  const paths = SERVED_PATHS.flatMap((path) => (path === '/' ? [path] : [path, `${path}/`]));
  const server = Bun.serve({
    hostname: host,
    port,
    reusePort,
    idleTimeout: IDLE_TIMEOUT_SECONDS,
    maxRequestBodySize: BODY_BYTES_READ_MAX,
    development: false,
    routes: Object.fromEntries(paths.map((path) => [path, routed])),
    fetch: (request) => {
      const asked = named(request);
      return methodsOf(pathOf(asked.url)).length > 0 ? refusePath() : handle(asked);
    },
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

/** Whether a path's parameters are single segments in their own right. */
function isPlain(params: Readonly<Record<string, string>>): boolean {
  for (const name in params) if (!PLAIN.test(params[name] as string)) return false;
  return true;
}

/** Without a Host, or with one that cannot be one, Bun gives the bare path; who asks in such a way gets his answer. */
function named(request: Request): Request {
  return request.url.charCodeAt(0) === 0x2f ? new Request(`http://localhost${request.url}`, request) : request;
}

function refusePath(): Response {
  return problemResponse(REFUSAL_OF_PATH);
}

/** Two looks, because one may miss a connection. */
async function allClosed(port: number, withinMs: number): Promise<void> {
  const until = performance.now() + withinMs;
  let emptyLooks = 0;
  while (emptyLooks < 2 && performance.now() < until) {
    await Bun.sleep(Math.min(LEAVE_POLL_MS, until - performance.now()));
    emptyLooks = countConnections(port) === 0 ? emptyLooks + 1 : 0;
  }
}

/** The answer as the last one of its connection. */
async function closing(answer: Response | Promise<Response>): Promise<Response> {
  const response = await answer;
  response.headers.set('connection', 'close');
  return response;
}
