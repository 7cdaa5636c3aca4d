/**
 * The drivers' counts as Prometheus metrics. They are read when the metrics are requested: an event only adds to plain
 * numbers. A program exports what it does: one that never publishes has no counters of published events.
 */
import { type Registry, readCounter, readGauge } from '@parley/runtime';
import type { RabbitSource } from './event-source.ts';
import type { RabbitmqStats } from './stats.ts';

interface Counted {
  readonly stats: Readonly<RabbitmqStats>;
}

interface Consumed {
  readonly source: Pick<RabbitSource, 'held'>;
}

type Counters = readonly (readonly [name: string, help: string, read: (stats: Readonly<RabbitmqStats>) => number])[];

const SHARED: Counters = [
  [
    'parley_event_log_connections_lost_total',
    'Connections to RabbitMQ that were open and ended',
    (stats) => stats.connectionsLost,
  ],
  ['parley_event_log_fences_total', 'Fences sent: waits until what was accepted is stored', (stats) => stats.fences],
];

const PUBLISHING: Counters = [
  ['parley_event_log_published_events_total', 'Events that RabbitMQ has confirmed', (stats) => stats.eventsPublished],
  [
    'parley_event_log_published_envelopes_total',
    'Envelopes that RabbitMQ has confirmed; one has the events of a moment',
    (stats) => stats.envelopesPublished,
  ],
  [
    'parley_event_log_failed_envelopes_total',
    'Envelopes that RabbitMQ refused or returned, or whose connection was lost before their confirm',
    (stats) => stats.envelopesFailed,
  ],
  ['parley_event_log_late_events_total', 'Events that were not confirmed in time', (stats) => stats.eventsLate],
];

const CONSUMING: Counters = [
  ['parley_event_log_deliveries_total', 'Deliveries taken from RabbitMQ', (stats) => stats.deliveries],
  [
    'parley_event_log_redeliveries_total',
    'Deliveries that an earlier consumer had and lost, because its connection or its process ended',
    (stats) => stats.redeliveries,
  ],
  ['parley_event_log_batches_total', 'Batches of deliveries that were stored', (stats) => stats.batches],
  [
    'parley_event_log_retries_total',
    'Tries to store a batch or to put something aside that failed, each repeated later',
    (stats) => stats.batchesRetried,
  ],
];

/** Exports the metrics of every program that uses RabbitMQ. */
export function sharedMetrics(registry: Registry, counted: Counted): void {
  exportAll(registry, SHARED, counted);
}

export function publishingMetrics(registry: Registry, counted: Counted): void {
  exportAll(registry, PUBLISHING, counted);
}

export function consumingMetrics(registry: Registry, counted: Counted & Consumed): void {
  exportAll(registry, CONSUMING, counted);
  const held = {
    name: 'parley_held_partitions',
    help: 'Partitions that this worker leaves to newer ones: it is too old for what is in them',
  };
  readGauge({ ...held, registry }, () => counted.source.held.length);
}

function exportAll(registry: Registry, counters: Counters, { stats }: Counted): void {
  for (const [name, help, read] of counters) readCounter({ name, help, registry }, () => read(stats));
}
