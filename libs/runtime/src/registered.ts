import type { Metric, Registry } from 'prom-client';

export type Labels = Readonly<Record<string, string>>;

export interface Described {
  readonly name: string;
  readonly help: string;
  readonly registry: Registry;
}

/**
 * Registers a metric that is not an object of prom-client: a registry needs only its name, type and values. Each scrape
 * calls `values`.
 */
export function register(
  { name, help, registry }: Described,
  type: 'counter' | 'gauge' | 'histogram',
  values: () => readonly unknown[] | Promise<readonly unknown[]>,
): void {
  const get = async () => ({ name, help, type, values: await values(), aggregator: 'sum' });
  registry.registerMetric({ name, help, type, get } as unknown as Metric);
}
