import type { Figures } from '@parley/domain';
import { createLogger, createRegistry, type Running } from '@parley/runtime';
import type { AnyElysia } from 'elysia';
import type { Registry } from 'prom-client';
import type { Access } from './access/access.ts';
import { httpApp } from './app.ts';
import { bodyDeadline } from './body-deadline.ts';
import { Cors, corsOrigins } from './cors.ts';
import { docs } from './docs.ts';
import { frontPage } from './front-page.ts';
import { type Checks, healthRoutes, Readiness } from './health-routes.ts';
import type { Addressed } from './origin.ts';
import { OwnFigures } from './own-figures.ts';
import type { Route } from './routes.ts';
import { type HttpServer, serve } from './server.ts';

/** The environment variables that every program has. */
export interface ProgramConfig {
  readonly HOST: string;
  readonly PORT: number;
  readonly LOG_LEVEL: string;
  readonly STOP_TIMEOUT_MS: number;
  readonly DRAIN_MS: number;
  /** Only for programs that may have a load balancer in front. */
  readonly LINGER_MS?: number;
  readonly REQUEST_TIMEOUT_MS: number;
  readonly REUSE_PORT?: boolean;
  /** Only for programs that answer clients. */
  readonly CORS_ORIGINS?: string;
  readonly ADMIN_KEY?: string;
}

type Logger = ReturnType<typeof createLogger>;

/** The parts in which programs differ. */
export interface ProgramParts {
  readonly checks: Checks;
  readonly routes?: readonly Route[];
  /** Says who may do what; undefined: everybody may do everything. It has started. */
  readonly access?: Access;
  /** Where the program puts its figures. */
  readonly figures?: Pick<Figures, 'put'>;
  /** If set, the program also serves the docs page and the front page. */
  readonly pages?: Addressed;
  /** Stops all parts in order. Called after the HTTP server has stopped. */
  stop(): Promise<void>;
}

/**
 * Starts a program that speaks HTTP: its parts, then health, readiness, metrics and its routes on one port. To stop:
 * /readyz becomes 503; load balancers that poll it have DRAIN_MS to pick another instance; new connections are refused;
 * clients have LINGER_MS to close idle ones; requests in flight are answered; the parts stop.
 */
export async function startProgram(
  name: string,
  config: ProgramConfig,
  open: (common: { logger: Logger; registry: Registry }) => Promise<ProgramParts>,
  listen: (app: AnyElysia, logger: Logger, cors: Cors | undefined) => Promise<HttpServer> = async (app, _, cors) =>
    serve(app, { host: config.HOST, port: config.PORT, reusePort: config.REUSE_PORT, cors }),
): Promise<Running & { readonly port: number; readonly app: AnyElysia }> {
  const origins = corsOrigins(config);
  const logger = createLogger(name, config.LOG_LEVEL);
  const registry = createRegistry(name);
  bodyDeadline(config.REQUEST_TIMEOUT_MS);
  const parts = await open({ logger, registry });
  const readiness = new Readiness(parts.checks);
  const { routes = [], access, figures } = parts;
  const app = httpApp({ logger, registry, routes, access }).use(healthRoutes({ readiness, registry }));
  const ownFigures = figures && new OwnFigures({ figures, name, registry, logger });
  const isKeyed = () => access?.isKeyed ?? false;
  if (parts.pages !== undefined) app.use(docs(parts.pages)).use(frontPage({ readiness, isKeyed, ...parts.pages }));
  const cors = origins && new Cors({ origins, isKeyed, logger });
  const server = await listen(app, logger, cors).catch(async (error: unknown) => {
    await access?.stop();
    await parts.stop();
    throw error;
  });
  ownFigures?.start();
  logger.info({ port: server.port }, 'ready');
  return {
    logger,
    port: server.port,
    app,
    stopTimeoutMs: config.DRAIN_MS + (config.LINGER_MS ?? 0) + config.STOP_TIMEOUT_MS,
    stop: async () => {
      readiness.stopping = true;
      server.drain();
      await Bun.sleep(config.DRAIN_MS);
      if (config.LINGER_MS !== undefined && server.leave !== undefined) {
        await server.leave(config.LINGER_MS).catch((error: unknown) => {
          logger.warn({ err: error }, 'requests that arrive during the stop may fail');
        });
      }
      await server.stop(config.STOP_TIMEOUT_MS / 2);
      await ownFigures?.stop();
      await access?.stop();
      await parts.stop();
    },
  };
}

const SERVE_AFTER_MS = 5_000;

/**
 * Waits until what the program needs can be used (`reached`), for five seconds at most. Then the program serves without
 * it: /readyz answers 503, and requests that need it are refused. Rejects if `reached` does; if that happens later, the
 * program ends.
 */
export async function connected(reached: Promise<unknown>): Promise<void> {
  await Promise.race([reached, Bun.sleep(SERVE_AFTER_MS)]);
  void reached.then(); // a later rejection is unhandled on purpose: runProgram then ends the program
}

/** Ends the program gracefully, with status 1: runProgram does that on an unhandled rejection. */
export function endProgram(error: Error): void {
  void Promise.reject(error);
}
