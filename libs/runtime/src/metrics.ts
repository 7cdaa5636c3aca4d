import { Gauge, Registry } from 'prom-client';

/** A registry of metrics in Prometheus' form, with what every process tells about itself. */
export function createRegistry(program: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ program });
  gauge(registry, 'process_resident_memory_bytes', 'Memory that the process holds, in bytes', () =>
    process.memoryUsage.rss(),
  );
  gauge(registry, 'process_cpu_seconds_total', 'CPU time that the process has used, in seconds', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  const startedAt = Date.now() / 1000;
  gauge(registry, 'process_start_time_seconds', 'When the process started, in seconds since 1970', () => startedAt);
  return registry;
}

function gauge(registry: Registry, name: string, help: string, read: () => number): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read());
    },
  });
}
