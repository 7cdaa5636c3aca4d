import { expect, test } from 'bun:test';
import { Registry } from 'prom-client';
import { deadLetterMetrics } from './dead-letter-metrics.ts';

function metricsOf(count: () => Promise<number>, stats: Record<string, number> = {}) {
  const registry = new Registry();
  deadLetterMetrics(registry, { stats: { deadLetters: stats }, deadLetters: { count } });
  return async (name: string) =>
    (await registry.getSingleMetricAsString(name)).split('\n').filter((line) => !line.startsWith('#'));
}

test('dead letters put aside are counted by reason, up to date', async () => {
  const stats: Record<string, number> = { malformed: 2 };
  const told = metricsOf(async () => 0, stats);
  expect(await told('parley_dead_letters_total')).toEqual(['parley_dead_letters_total{reason="malformed"} 2']);
  stats.late = 1;
  expect(await told('parley_dead_letters_total')).toContain('parley_dead_letters_total{reason="late"} 1');
});

test('waiting dead letters are counted once for all scrapes within seconds', async () => {
  let counts = 0;
  const told = metricsOf(async () => {
    counts += 1;
    return 7;
  });
  for (let asked = 0; asked < 3; asked += 1)
    expect(await told('parley_dead_letters_waiting')).toEqual(['parley_dead_letters_waiting 7']);
  expect(counts).toBe(1);
});

test('a count that fails is NaN and no error', async () => {
  const told = metricsOf(() => Promise.reject(new Error('away')));
  expect(await told('parley_dead_letters_waiting')).toEqual(['parley_dead_letters_waiting Nan']);
});

test('a count that hangs is NaN after a second', async () => {
  const told = metricsOf(() => new Promise(() => {}));
  expect(await told('parley_dead_letters_waiting')).toEqual(['parley_dead_letters_waiting Nan']);
});
