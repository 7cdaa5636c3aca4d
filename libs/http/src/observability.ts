import { Distributions, type Logger, Tally } from '@parley/runtime';
import { Elysia } from 'elysia';
import type { Registry } from 'prom-client';
import { errorResponse, isUnexpected } from './errors.ts';
import { pathOf } from './normal-path.ts';
import { requestId } from './request-id.ts';

/** What the hooks note about a request while it is under way, on the request itself: no look-up on the hot path. */
interface Noted extends Request {
  parleyStartedAt?: number;
}

/**
 * Elysia plugin, first in every app: request ids, one answer for every error, metrics by route, and a log line for each
 * request (at `debug`; at `error` with the error where it is unexpected, at `warn` for a 503).
 */
export function observability({ logger, registry }: { readonly logger: Logger; readonly registry: Registry }) {
  const requests = requestMetrics(registry);
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

/** Counts and times requests. Label sets are few (route templates), so each is resolved once and kept. */
function requestMetrics(registry: Registry) {
  const total = new Tally({
    name: 'parley_http_requests_total',
    help: 'Requests answered, by method, route template and status',
    registry,
  });
  const duration = new Distributions({
    name: 'parley_http_request_duration_seconds',
    help: 'Time from the request’s head to the answer, in seconds',
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registry,
  });
  const kept = new Map<string, { count: (requests: number) => void; observe: (seconds: number) => void }>();
  return (method: string, route: string, status: number, seconds: number) => {
    const key = `${method} ${route} ${status}`;
    let series = kept.get(key);
    if (series === undefined) {
      const count = total.series({ method, route, status: String(status) });
      series = { count, observe: duration.series({ method, route }) };
      kept.set(key, series);
    }
    series.count(1);
    series.observe(seconds);
  };
}
