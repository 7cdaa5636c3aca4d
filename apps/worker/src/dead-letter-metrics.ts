import { Counter, Gauge, type Registry } from 'prom-client';

export interface DeadLetterSource {
  readonly stats: { readonly deadLetters: Readonly<Record<string, number>> };
  readonly deadLetters: { count(): Promise<number> };
}

/** What was put aside, and how much of it waits, what the event log put aside itself included. */
export function deadLetterMetrics(registry: Registry, { stats, deadLetters }: DeadLetterSource): void {
  new Counter({
    name: 'parley_dead_letters_total',
    help: 'Dead letters that this process has put aside, by reason',
    labelNames: ['reason'] as const,
    registers: [registry],
    collect() {
      this.reset();
      for (const [reason, count] of Object.entries(stats.deadLetters)) this.inc({ reason }, count);
    },
  });
  new Gauge({
    name: 'parley_dead_letters_waiting',
    help: 'Dead letters that wait for an operator, those that wore out a worker fifty times included; NaN while it is not known',
    registers: [registry],
    async collect() {
      this.set(await deadLetters.count().catch(() => Number.NaN));
    },
  });
}
