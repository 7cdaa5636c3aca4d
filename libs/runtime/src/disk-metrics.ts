import { within } from './deadline.ts';
import type { Registry } from './metrics.ts';
import { type Reading, readGauge } from './readings.ts';
import type { Labels } from './registered.ts';

/** The file system that something is stored on. */
export interface Disk {
  /** Which one: `server`, and `node` where that has several. */
  readonly labels: Labels;
  /** What may still be written, and all that there is. */
  readonly freeBytes: number;
  readonly sizeBytes: number;
}

const READ_EVERY_MS = 5_000;
const READ_WITHIN_MS = 1_000;

/** Tells how full disks are, as of the last five seconds. Those that cannot be read are left out. */
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
