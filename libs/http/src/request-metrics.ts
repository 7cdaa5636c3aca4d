import { Distributions, Tally } from '@parley/runtime';
import type { Registry } from 'prom-client';

export interface KnownRoute {
  readonly method: string;
  readonly path: string;
}

/** The statuses on which alerts are based. */
const FAILURES = [500, 503];

/**
 * Makes a function that counts and times a request. Each metric series is looked up once and kept: there are few (route
 * templates). The failures of `routes` start at 0: Prometheus sees no increase when a series first appears.
 */
export function requestMetrics(registry: Registry, routes: readonly KnownRoute[]) {
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
  for (const { method, path } of routes) {
    for (const status of FAILURES) total.series({ method, route: path, status: String(status) });
  }
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
