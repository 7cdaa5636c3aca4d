import { Registry } from 'prom-client';
import { readCounter, readGauge } from './readings.ts';

export type { Registry };

/** A registry of metrics in Prometheus' format, with those of every process: memory, CPU time, start. */
export function createRegistry(program: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ program });
  const memory = { name: 'process_resident_memory_bytes', help: 'Memory that the process holds, in bytes', registry };
  readGauge(memory, () => process.memoryUsage.rss());
  const cpu = { name: 'process_cpu_seconds_total', help: 'CPU time that the process has used, in seconds', registry };
  readCounter(cpu, () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  const startedAt = Date.now() / 1000;
  const start = {
    name: 'process_start_time_seconds',
    help: 'When the process started, in seconds since 1970',
    registry,
  };
  readGauge(start, () => startedAt);
  return registry;
}
