import { within } from './deadline.ts';
import type { Registry } from './metrics.ts';
import { type Reading, readGauge } from './readings.ts';
import type { Labels } from './registered.ts';

/** A file system on which a server stores its data. */
export interface Disk {
  /** The metric's labels: `server`, and `node` if a server has several. */
  readonly labels: Labels;
  /** The bytes that can still be written, and the total size. */
  readonly freeBytes: number;
  readonly sizeBytes: number;
}

const READ_EVERY_MS = 5_000;
const READ_WITHIN_MS = 1_000;

/**
 * Metrics of how full the disks are, at most five seconds old. No disk is shown if `read` rejects or takes longer than
 * a second.
 */
export function diskMetrics(registry: Registry, read: () => Promise<readonly Disk[]>): void {
  let readAt = Number.NEGATIVE_INFINITY;
  let disks: Promise<readonly Disk[]> = Promise.resolve([]);
  const told = async (of: (disk: Disk) => number): Promise<Reading[]> => {
    if (performance.now() - readAt >= READ_EVERY_MS) {
      readAt = performance.now();
      disks = within(read(), READ_WITHIN_MS, () => new Error('late')).catch(() => []);
    }
    return (await disks).map((disk) => ({ labels: disk.labels, value: of(disk) }));
  };
  const free = { name: 'parley_disk_free_bytes', help: 'What may still be written to the disk of a server, in bytes' };
  readGauge({ ...free, registry }, () => told(({ freeBytes }) => freeBytes));
  const size = { name: 'parley_disk_size_bytes', help: 'The size of the disk of a server, in bytes' };
  readGauge({ ...size, registry }, () => told(({ sizeBytes }) => sizeBytes));
}
