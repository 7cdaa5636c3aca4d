import type { Logger } from '@parley/runtime';
import { Elysia } from 'elysia';
import type { Registry } from 'prom-client';
import { errorResponse, isUnexpected } from './errors.ts';
import { pathOf } from './normal-path.ts';
import { requestId } from './request-id.ts';
import { type KnownRoute, requestMetrics } from './request-metrics.ts';

export interface ObserverParts {
  readonly logger: Logger;
  readonly registry: Registry;
  /** Routes whose failures the metrics show as 0 before the first failure. */
  readonly routes?: readonly KnownRoute[];
}

/**
 * What a program counts and logs of its requests: metrics by route, and a line for each request. The line's level is
 * `debug`; `error` for an unexpected error (with the error), `warn` for a 503.
 */
export class Observer {
  readonly #logger: Logger;
  readonly #logsEach: boolean;
  /** Makes the function that counts the requests of a method and route template. */
  readonly counter: ReturnType<typeof requestMetrics>;

  constructor({ logger, registry, routes = [] }: ObserverParts) {
    this.#logger = logger;
    this.#logsEach = logger.isLevelEnabled('debug');
    this.counter = requestMetrics(registry, routes);
  }

  /** Logs the error behind an answer, if the operator should know of it. `code` is Elysia's name for the error. */
  failed(error: unknown, code: string | number, answer: { requestId: string; route: string; status: number }): void {
    const { requestId, route, status } = answer;
    if (isUnexpected(error, code)) this.#logger.error({ err: error, requestId, route }, 'request failed');
    else if (status === 503) this.#logger.warn({ err: error, requestId, route }, 'request refused');
  }

  answered(request: Request, answer: { requestId: string; route: string; status: number; seconds: number }): void {
    if (!this.#logsEach) return;
    const { seconds, ...line } = answer;
    const what = { method: request.method, path: pathOf(request.url), ...line };
    this.#logger.debug({ ...what, milliseconds: Math.round(seconds * 1e5) / 100 }, 'request');
  }
}

/** A request's start time is kept on the request object itself. */
interface Noted extends Request {
  parleyStartedAt?: number;
}

/**
 * Elysia plugin, for the routes that are added after it, and for addresses without a route: request ids, the answer for
 * every error, metrics and log lines. The API's operations do this themselves (`answering`).
 */
export function observability(observer: Observer) {
  const idOf = (request: Request, set: { headers: Record<string, string | number> }): string => {
    set.headers['x-request-id'] ??= requestId(request.headers);
    return String(set.headers['x-request-id']);
  };
  return new Elysia({ name: 'parley-observability' })
    .onRequest(({ request }) => {
      (request as Noted).parleyStartedAt = performance.now();
    })
    .onTransform({ as: 'global' }, ({ request, set }) => {
      idOf(request, set);
      set.headers['x-content-type-options'] = 'nosniff';
    })
    .onError({ as: 'global' }, ({ error, code, request, set, route }) => {
      const response = errorResponse(error, code, request);
      const { status } = response;
      observer.failed(error, code, { requestId: idOf(request, set), route, status });
      set.status = status;
      return response;
    })
    .onAfterResponse({ as: 'global' }, ({ request, route, set, responseValue }) => {
      const now = performance.now();
      const seconds = (now - ((request as Noted).parleyStartedAt ?? now)) / 1000;
      const status = responseValue instanceof Response ? responseValue.status : Number(set.status ?? 200);
      const known = status === 404 && (route === '' || route === '/*') ? 'unknown' : route || 'unknown';
      observer.counter(request.method, known)(status, seconds);
      observer.answered(request, { requestId: idOf(request, set), route, status, seconds });
    });
}
