import { Unavailable } from '@parley/domain';
import { createLogger, createRegistry, type Running } from '@parley/runtime';
import { type AnyElysia, Elysia } from 'elysia';
import type { Registry } from 'prom-client';
import { bodyDeadline } from './body-deadline.ts';
import { docs } from './docs.ts';
import { frontPage } from './front-page.ts';
import { type Checks, healthRoutes, Readiness } from './health-routes.ts';
import { observability } from './observability.ts';
import type { Addressed } from './origin.ts';
import { type HttpServer, serve } from './server.ts';

/** The variables that every program has. */
export interface ProgramConfig {
  readonly HOST: string;
  readonly PORT: number;
  readonly LOG_LEVEL: string;
  readonly STOP_TIMEOUT_MS: number;
  readonly DRAIN_MS: number;
  /** Only where somebody may be in front who keeps connections. */
  readonly LINGER_MS?: number;
  readonly REQUEST_TIMEOUT_MS: number;
  readonly REUSE_PORT?: boolean;
}

type Logger = ReturnType<typeof createLogger>;

/** What a program is made of, beside what all have. */
export interface ProgramParts {
  readonly checks: Checks;
  readonly routes?: AnyElysia;
  /** It serves the docs page and the first page, too. */
  readonly pages?: Addressed;
  /** Ends everything but the HTTP server, in order, after that has answered what was in flight. */
  stop(): Promise<void>;
}

/**
 * Starts a program that speaks HTTP: its parts, then health, readiness, metrics and its routes on one port. The stop is
 * the reverse: /readyz turns 503, a load balancer that looks at it gets DRAIN_MS to look elsewhere, new connections are
 * refused, the idle ones get LINGER_MS to be closed by the other end, requests in flight are answered, the parts end.
 */
export async function startProgram(
  name: string,
  config: ProgramConfig,
  open: (common: { logger: Logger; registry: Registry }) => Promise<ProgramParts>,
  listen: (app: AnyElysia, logger: Logger) => Promise<HttpServer> = async (app) =>
    serve(app, { host: config.HOST, port: config.PORT, reusePort: config.REUSE_PORT }),
): Promise<Running & { readonly port: number; readonly app: AnyElysia }> {
  const logger = createLogger(name, config.LOG_LEVEL);
  const registry = createRegistry(name);
  bodyDeadline(config.REQUEST_TIMEOUT_MS);
  const parts = await open({ logger, registry });
  const readiness = new Readiness(parts.checks);
  // Else Elysia finds no path behind a host of up to three characters.
  const app = new Elysia({ handler: { standardHostname: false } })
    .use(observability({ logger, registry, routes: parts.routes?.routes ?? [] }))
    .use(healthRoutes({ readiness, registry }));
  if (parts.pages !== undefined) app.use(docs(parts.pages)).use(frontPage({ readiness, ...parts.pages }));
  if (parts.routes !== undefined) app.use(parts.routes);
  const server = await listen(app, logger).catch(async (error: unknown) => {
    await parts.stop();
    throw error;
  });
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
      await parts.stop();
    },
  };
}

const SERVE_AFTER_MS = 5_000;

/**
 * Waits for what a program needs, `reached`, but not for ever: after five seconds the program serves without it, says
 * so in /readyz and refuses what it cannot do. Rejects where `reached` does; if that is later, the program ends.
 */
export async function connected(reached: Promise<unknown>): Promise<void> {
  await Promise.race([reached, Bun.sleep(SERVE_AFTER_MS)]);
  void reached.then(); // nobody handles its rejection any more, and runProgram ends what nobody handled
}

/** Ends the program, gracefully and with status 1: runProgram ends what nobody handled. */
export function endProgram(error: Error): void {
  void Promise.reject(error);
}

const START_WITHIN_MS = 60_000;
const START_RETRY_MS = 500;

/** Repeats a step of the start while it fails because something outside is not there yet, for a minute at most. */
export async function whenAvailable<T>(logger: Logger, step: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + START_WITHIN_MS;
  for (;;) {
    try {
      return await step();
    } catch (error) {
      if (!(error instanceof Unavailable) || performance.now() > deadline) throw error;
      logger.warn({ err: error }, 'waiting to start');
      await Bun.sleep(START_RETRY_MS);
    }
  }
}
