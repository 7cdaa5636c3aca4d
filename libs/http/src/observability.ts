import type { Logger } from '@parley/runtime';
import { Elysia } from 'elysia';
import type { Registry } from 'prom-client';
import { errorResponse, isUnexpected } from './errors.ts';
import { pathOf } from './normal-path.ts';
import { requestId } from './request-id.ts';
import { type KnownRoute, requestMetrics } from './request-metrics.ts';

/** A request's start time is kept on the request object itself: no map look-up on the hot path. */
interface Noted extends Request {
  parleyStartedAt?: number;
}

export interface ObservabilityParts {
  readonly logger: Logger;
  readonly registry: Registry;
  /** Routes whose failures the metrics show as 0 before the first failure. */
  readonly routes?: readonly KnownRoute[];
}

/**
 * Elysia plugin, the first in every app: request ids, the answer for every error, metrics by route, and a log line for
 * each request. The line's level is `debug`; `error` for an unexpected error (with the error), `warn` for a 503.
 */
export function observability({ logger, registry, routes = [] }: ObservabilityParts) {
  const requests = requestMetrics(registry, routes);
  const logEach = logger.isLevelEnabled('debug');
  return new Elysia({ name: 'parley-observability' })
    .onRequest(({ request, set }) => {
      (request as Noted).parleyStartedAt = performance.now();
      set.headers['x-request-id'] = requestId(request.headers);
      set.headers['x-content-type-options'] = 'nosniff';
    })
    .onError({ as: 'global' }, ({ error, code, request, set, route }) => {
      const response = errorResponse(error, code, request);
      const id = set.headers['x-request-id'];
      if (isUnexpected(error, code)) logger.error({ err: error, requestId: id, route }, 'request failed');
      else if (response.status === 503) logger.warn({ err: error, requestId: id, route }, 'request refused');
      set.status = response.status;
      return response;
    })
    .onAfterResponse({ as: 'global' }, ({ request, route, set, responseValue }) => {
      const seconds = (performance.now() - ((request as Noted).parleyStartedAt ?? performance.now())) / 1000;
      const status = responseValue instanceof Response ? responseValue.status : Number(set.status ?? 200);
      const known = status === 404 && (route === '' || route === '/*') ? 'unknown' : route || 'unknown';
      requests(request.method, known, status, seconds);
      if (!logEach) return;
      const path = pathOf(request.url);
      const line = { requestId: set.headers['x-request-id'], method: request.method, path, route, status };
      logger.debug({ ...line, milliseconds: Math.round(seconds * 1e5) / 100 }, 'request');
    });
}
