import { Counter, type Registry } from 'prom-client';

/** Counts what was acknowledged, by kind. */
export function createdCounter(registry: Registry) {
  const total = new Counter({
    name: 'parley_created_total',
    help: 'Applications, chats and messages that were acknowledged',
    labelNames: ['kind'] as const,
    registers: [registry],
  });
  const of = { application: total.labels('application'), chat: total.labels('chat'), message: total.labels('message') };
  return (kind: keyof typeof of, count: number) => of[kind].inc(count);
}
