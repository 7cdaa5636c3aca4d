import { readGauge } from '@parley/runtime';
import type { Registry } from 'prom-client';

/** Something that can close partitions: it then accepts no creates for them. */
interface Partitioned {
  closedPartitions(): number;
}

/**
 * Metric of the partitions that this process refuses creates for, by the dependency that closes them, as in /readyz.
 */
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
