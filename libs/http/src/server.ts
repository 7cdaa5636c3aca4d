import type { AnyElysia } from 'elysia';

/** Bun refuses what is longer itself, with a bare 413; up to here our own answer explains. */
const BODY_BYTES_READ_MAX = 16 * 1024 * 1024;
/** Idle connections end after this many seconds; longer than a load balancer keeps its own. */
const IDLE_TIMEOUT_SECONDS = 75;

export interface HttpServer {
  readonly port: number;
  /** Refuses new connections, answers what is in flight for at most `graceMs`, then closes what is left. */
  stop(graceMs: number): Promise<void>;
}

export interface Listen {
  readonly host: string;
  readonly port: number;
  /** Several processes share the port. Off: a second one fails to start instead of taking half of the requests. */
  readonly reusePort?: boolean;
}

/** Serves an app with Bun.serve. Throws where the port is taken. */
export function serve(app: AnyElysia, { host, port, reusePort = false }: Listen): HttpServer {
  const server = Bun.serve({
    hostname: host,
    port,
    reusePort,
    idleTimeout: IDLE_TIMEOUT_SECONDS,
    maxRequestBodySize: BODY_BYTES_READ_MAX,
    development: false,
    fetch: (request) => app.fetch(request),
  });
  return {
    port: server.port ?? port,
    stop: async (graceMs) => {
      await Promise.race([server.stop(), Bun.sleep(graceMs)]);
      await server.stop(true);
    },
  };
}
