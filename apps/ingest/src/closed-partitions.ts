import { readGauge } from '@parley/runtime';
import type { Registry } from 'prom-client';

/** A dependency that can close partitions: creates in a closed one are refused. */
interface Partitioned {
  closedPartitions(): number;
}

/** Metric: for how many partitions this process refuses creates, by the dependency that closed them, as in /readyz. */
export function closedPartitions(registry: Registry, closing: Readonly<Record<string, Partitioned>>): void {
  readGauge(
    {
      name: 'parley_closed_partitions',
      help: 'Partitions for which this process refuses creates right now, by the dependency that closes them',
      registry,
    },
    () =>
      Object.entries(closing).map(([dependency, partitioned]) => ({
        labels: { dependency },
        value: partitioned.closedPartitions(),
      })),
  );
}
