import { Unavailable } from '@parley/domain';
import { readCounter, readGauge, within } from '@parley/runtime';
import type { Registry } from 'prom-client';

export interface DeadLetterSource {
  readonly stats: { readonly deadLetters: Readonly<Record<string, number>> };
  readonly deadLetters: { count(): Promise<number> };
}

/** Counting dead letters opens a RabbitMQ channel, so it is not done for every scrape of the metrics. */
const COUNT_EVERY_MS = 5_000;
const COUNT_WITHIN_MS = 1_000;

/** Metrics of the dead letters that this process has put aside, and of all that wait (also those from RabbitMQ). */
export function deadLetterMetrics(registry: Registry, { stats, deadLetters }: DeadLetterSource): void {
  const putAside = {
    name: 'parley_dead_letters_total',
    help: 'Dead letters that this process has put aside, by reason',
  };
  readCounter({ ...putAside, registry }, () =>
    Object.entries(stats.deadLetters).map(([reason, value]) => ({ labels: { reason }, value })),
  );
  let countedAt = Number.NEGATIVE_INFINITY;
  let counted = Promise.resolve(Number.NaN);
  const waiting = {
    name: 'parley_dead_letters_waiting',
    help: 'Dead letters that wait for an operator, as of the last 5 s; NaN where the event log does not tell',
  };
  readGauge({ ...waiting, registry }, () => {
    if (performance.now() - countedAt >= COUNT_EVERY_MS) {
      countedAt = performance.now();
      const late = () => new Unavailable('event log', 'The dead letters could not be counted in time.');
      counted = within(deadLetters.count(), COUNT_WITHIN_MS, late).catch(() => Number.NaN);
    }
    return counted;
  });
}
