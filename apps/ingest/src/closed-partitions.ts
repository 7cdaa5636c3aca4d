import { readGauge } from '@parley/runtime';
import type { Registry } from 'prom-client';

/** What knows of partitions that it takes no creates for. */
interface Partitioned {
  closedPartitions(): number;
}

/** How many partitions this process refuses creates for, by what closes them, named as in /readyz. */
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
