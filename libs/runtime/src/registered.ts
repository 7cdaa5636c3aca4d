import type { Metric, Registry } from 'prom-client';

export type Labels = Readonly<Record<string, string>>;

export interface Described {
  readonly name: string;
  readonly help: string;
  readonly registry: Registry;
}

/** A registry asks a metric for its name and its values, and for nothing else. `values` is called for each who looks. */
export function register(
  { name, help, registry }: Described,
  type: 'counter' | 'gauge' | 'histogram',
  values: () => readonly unknown[] | Promise<readonly unknown[]>,
): void {
  const get = async () => ({ name, help, type, values: await values(), aggregator: 'sum' });
  registry.registerMetric({ name, help, type, get } as unknown as Metric);
}
