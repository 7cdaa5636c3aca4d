import { expect, test } from 'bun:test';
import { diskMetrics } from './disk-metrics.ts';
import { createRegistry } from './metrics.ts';
import { readCounter, readGauge } from './readings.ts';

async function told(registry: ReturnType<typeof createRegistry>, name: string): Promise<string[]> {
  return (await registry.metrics()).split('\n').filter((line) => line.startsWith(name));
}

test('CPU time is a counter that only goes up', async () => {
  const registry = createRegistry('test');
  expect(await registry.metrics()).toContain('# TYPE process_cpu_seconds_total counter');
  let before = 0;
  for (let look = 0; look < 3; look += 1) {
    const [line = ''] = await told(registry, 'process_cpu_seconds_total');
    const seconds = Number(line.split(' ').at(-1));
    expect(seconds).toBeGreaterThanOrEqual(before);
    before = seconds;
    for (const until = performance.now() + 10; performance.now() < until; );
  }
  expect(before).toBeGreaterThan(0);
});

test('a value that is kept elsewhere is read at each scrape', async () => {
  const registry = createRegistry('test');
  const kept = { counted: 0, waiting: { a: 1, b: 2 } };
  readCounter({ name: 'counted_total', help: 'Counted', registry }, () => kept.counted);
  readGauge({ name: 'waiting', help: 'Waiting', registry }, async () =>
    Object.entries(kept.waiting).map(([kind, value]) => ({ labels: { kind }, value })),
  );
  expect(await told(registry, 'counted_total')).toEqual(['counted_total{program="test"} 0']);
  kept.counted += 3;
  kept.waiting.b = 0;
  expect(await told(registry, 'counted_total')).toEqual(['counted_total{program="test"} 3']);
  expect(await told(registry, 'waiting')).toEqual([
    'waiting{kind="a",program="test"} 1',
    'waiting{kind="b",program="test"} 0',
  ]);
});

test('a disk is looked at once for all who ask at a time, and left out where it cannot be', async () => {
  const registry = createRegistry('test');
  let looks = 0;
  diskMetrics(registry, async () => {
    looks += 1;
    return [{ labels: { server: 'x' }, freeBytes: 5, sizeBytes: 20 }];
  });
  await told(registry, 'parley_disk');
  expect(await told(registry, 'parley_disk')).toEqual([
    'parley_disk_free_bytes{server="x",program="test"} 5',
    'parley_disk_size_bytes{server="x",program="test"} 20',
  ]);
  expect(looks).toBe(1);
  const without = createRegistry('test');
  diskMetrics(without, () => Promise.reject(new Error('away')));
  expect(await told(without, 'parley_disk')).toEqual([]);
});
