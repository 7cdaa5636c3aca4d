import { expect, test } from 'bun:test';
import { type ProgramFigures, Unavailable } from '@parley/domain';
import { createRegistry, Distributions, readGauge, Tally } from '@parley/runtime';
import { until } from '@parley/testing';
import { OwnFigures } from './own-figures.ts';

const help = 'x';

/** Starts a program's figures. The first puts fail, this many. */
function started(failing = 0) {
  const registry = createRegistry('ingest');
  const put: ProgramFigures[] = [];
  const failures: unknown[] = [];
  const own = new OwnFigures({
    ...{ name: 'ingest', registry, everyMs: 1 },
    logger: { debug: (details: unknown) => void failures.push(details) },
    figures: {
      put: async (figures) => {
        if (failures.length < failing) throw new Unavailable('numbers', 'away');
        put.push(figures);
      },
    },
  });
  return { own, put, registry, failures };
}

test('figures are sums over labels, again and again', async () => {
  const { own, put, registry } = started();
  const tally = new Tally({ name: 'created', help, registry });
  tally.series({ kind: 'chat' })(2);
  tally.series({ kind: 'message' })(3);
  const seconds = new Distributions({ name: 'seconds', help, registry, buckets: [1] });
  seconds.series({ route: 'a' })(0.5);
  seconds.series({ route: 'b' })(2);
  readGauge({ name: 'unknown', help, registry }, () => Number.NaN);
  const before = Date.now();
  own.start();
  own.start();
  await until('there are two', () => put.length >= 2);
  await own.stop();
  await own.stop();
  const [first, second] = put;
  expect(first).toMatchObject({ name: 'ingest', values: { created: 5, seconds_sum: 2.5, seconds_count: 2 } });
  expect(first?.values.process_resident_memory_bytes).toBeGreaterThan(0);
  expect(Object.keys(first?.values ?? {})).not.toContain('seconds_bucket');
  expect(Object.keys(first?.values ?? {})).not.toContain('unknown');
  expect(second?.id).toBe(first?.id ?? '');
  expect(second?.at).toBeGreaterThanOrEqual(before);
});

test('a put that fails is followed by the next one', async () => {
  const { own, put, failures } = started(2);
  own.start();
  await until('there is one', () => put.length >= 1);
  await own.stop();
  expect(failures).toHaveLength(2);
});
