import { Distributions, Tally } from '@parley/runtime';
import type { Registry } from 'prom-client';

export interface KnownRoute {
  readonly method: string;
  readonly path: string;
}

/** Counts and times an answered request of one method and route. */
export type CountRequest = (status: number, seconds: number) => void;

/** The statuses on which alerts are based. */
const FAILURES = [500, 503];

/**
 * Makes the function that counts the requests of a method and route. Each metric series is looked up once and kept:
 * there are few (route templates). The failures of `routes` start at 0: Prometheus sees no increase when a series first
 * appears.
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
  const kept = new Map<string, CountRequest>();
  return (method: string, route: string): CountRequest => {
    const key = `${method} ${route}`;
    let count = kept.get(key);
    if (count === undefined) {
      count = counter(method, route);
      kept.set(key, count);
    }
    return count;
  };

  function counter(method: string, route: string): CountRequest {
    const byStatus = new Map<number, (requests: number) => void>();
    let observe: ((seconds: number) => void) | undefined;
    return (status, seconds) => {
      let add = byStatus.get(status);
      if (add === undefined) {
        add = total.series({ method, route, status: String(status) });
        byStatus.set(status, add);
      }
      observe ??= duration.series({ method, route });
      add(1);
      observe(seconds);
    };
  }
}
