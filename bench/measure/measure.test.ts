import { expect, test } from 'bun:test';
import { bornAt, usageOf } from './processes.ts';
import { isMet, rate } from './result.ts';
import { type Sample, Stopwatch } from './sample.ts';
import { latencyOf, spreadOf } from './statistics.ts';
import { stagesTogether } from './whole-cost.ts';

const sample = (count: number, seconds: number): Sample => {
  return { count, seconds, failed: 0, cpuSeconds: {}, residentMb: {}, othersCores: 0 };
};

test('the median of an even number of rounds is the middle of the two middle values', () => {
  expect(spreadOf([4, 1, 3, 2])).toEqual({ median: 2.5, min: 1, max: 4 });
});

test('percentiles go from the fastest to the slowest', () => {
  const { p50, p99, max } = latencyOf(Array.from({ length: 101 }, (_, index) => 100 - index));
  expect([p50, p99, max]).toEqual([50, 99, 100]);
});

test('a ratio is computed within each round, so that a disturbance affects both values', () => {
  const what = { scenario: 's', name: 'n', unit: '/s' };
  const against = { to: 'floor', samples: [sample(100, 1), sample(10, 1)], target: 0.5 };
  const measured = rate(what, [sample(50, 1), sample(20, 4)], against);
  expect(measured.values).toEqual([50, 5]);
  expect(measured.ratio?.values).toEqual([0.5, 0.5]);
  expect(isMet(measured)).toBe(true);
});

test('the raw stages together take the sum of what each takes for a message, without idle programs', () => {
  const stage = (count: number, cpuSeconds: Record<string, number>) => [{ ...sample(count, 1), cpuSeconds }];
  const [together] = stagesTogether([
    { samples: stage(100, { load: 1, floor: 2, worker: 9 }), programs: { load: 'load', floor: 'ingest' } },
    { samples: stage(50, { redis: 1, bench: 3, worker: 9 }), programs: { redis: 'redis', bench: 'ingest' } },
  ]);
  expect(together).toMatchObject({ count: 50, cpuSeconds: { load: 0.5, ingest: 4, redis: 1 } });
});

test("a stopwatch measures a program's memory, and the CPU of its session", async () => {
  const child = Bun.spawn([process.execPath, '-e', 'for (;;) Math.random()'], { detached: true });
  const stopwatch = new Stopwatch(new Map([['spinning', child.pid]]));
  await Bun.sleep(500);
  const { cpuSeconds, residentMb, count } = stopwatch.stop({ count: 7 });
  child.kill();
  await child.exited;
  expect(count).toBe(7);
  expect(cpuSeconds.spinning).toBeGreaterThan(0.02);
  expect(residentMb.spinning).toBeGreaterThan(5);
});

test('an ended process has no usage, and this process started a short time ago', () => {
  expect(usageOf(new Map([['nobody', 2 ** 30]])).size).toBe(0);
  expect(Math.abs(Date.now() - bornAt(process.pid) - process.uptime() * 1_000)).toBeLessThan(1_000);
});
