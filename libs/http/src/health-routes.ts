import { readGauge, within } from '@parley/runtime';
import { Elysia } from 'elysia';
import type { Registry } from 'prom-client';

/** The check of each dependency, by name: resolves if the dependency can be used, else rejects. */
export type Checks = Readonly<Record<string, () => Promise<void>>>;

const CHECK_TIMEOUT_MS = 1_000;
const RECENT_MS = 1_000;

/**
 * Whether the program may get requests. `stopping` must be set when a stop begins: /readyz then answers 503, so that a
 * load balancer picks another instance before connections are refused.
 */
export class Readiness {
  stopping = false;
  #reportedAt = Number.NEGATIVE_INFINITY;
  #recent = Promise.resolve<Awaited<ReturnType<Readiness['report']>>>({ status: 'unavailable', dependencies: [] });

  constructor(private readonly checks: Checks) {}

  /** As `report`, but at most a second old. */
  recently(): ReturnType<Readiness['report']> {
    const now = performance.now();
    if (now - this.#reportedAt > RECENT_MS) {
      this.#reportedAt = now;
      this.#recent = this.report();
    }
    return this.#recent;
  }

  /** Checks every dependency now. A check that takes longer than a second counts as down. */
  async report() {
    const names = Object.keys(this.checks);
    const dependencies = await Promise.all(names.map((name) => this.#state(name)));
    const up = dependencies.every(({ state }) => state === 'up');
    return { status: this.stopping ? 'stopping' : up ? 'ready' : 'unavailable', dependencies } as const;
  }

  async #state(name: string): Promise<{ name: string; state: 'up' | 'down'; detail?: string }> {
    try {
      const check = this.checks[name];
      if (check !== undefined) await within(check(), CHECK_TIMEOUT_MS, () => new Error('no answer within a second'));
      return { name, state: 'up' };
    } catch (error) {
      return { name, state: 'down', detail: error instanceof Error ? error.message : 'unknown' };
    }
  }
}

/** Elysia plugin: `/healthz` (the process is alive), `/readyz` (it can serve) and `/metrics` (for Prometheus). */
export function healthRoutes({ readiness, registry }: { readonly readiness: Readiness; readonly registry: Registry }) {
  const up = { name: 'parley_dependency_up', help: 'Whether the program can use what it needs, as in /readyz: 1 or 0' };
  readGauge({ ...up, registry }, async () => {
    const { dependencies } = await readiness.recently();
    return dependencies.map(({ name, state }) => ({ labels: { dependency: name }, value: state === 'up' ? 1 : 0 }));
  });
  return new Elysia({ name: 'parley-health' })
    .get('/healthz', () => ({ status: 'alive' }))
    .get('/readyz', async ({ set }) => {
      const report = await readiness.report();
      if (report.status !== 'ready') {
        set.status = 503;
        set.headers['retry-after'] = '1';
      }
      return report;
    })
    .get('/metrics', async () => {
      return new Response(await registry.metrics(), { headers: { 'content-type': registry.contentType } });
    });
}
