import { expect, test } from 'bun:test';
import { Counter, Histogram, Registry } from 'prom-client';
import { createRegistry } from './metrics.ts';
import { Distributions, Tally } from './tallies.ts';

const buckets = [0.001, 0.01, 0.1];
const observed = [0.0005, 0.001, 0.0011, 0.05, 0.1, 7];

/** The lines of a scrape in a fixed order, with rounded numbers: 0.15259999999999999 is 0.1526. */
function lines(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.replace(/ ([\d.]+)$/, (_, value) => ` ${Number(Number(value).toPrecision(10))}`))
    .sort();
}

test('what a registry tells of a tally is what prom-client tells of its counter', async () => {
  const [ours, theirs] = [new Registry(), new Registry()];
  const described = { name: 'creates_total', help: 'Creates' };
  const tally = new Tally({ ...described, registry: ours });
  const counter = new Counter({ ...described, labelNames: ['kind'], registers: [theirs] });
  for (const [kind, count] of [
    ['chat', 1],
    ['message', 3],
    ['chat', 2],
  ] as const) {
    tally.series({ kind })(count);
    counter.inc({ kind }, count);
  }
  expect(lines(await ours.metrics())).toEqual(lines(await theirs.metrics()));
});

test('what a registry tells of distributions is what prom-client tells of its histogram', async () => {
  const [ours, theirs] = [new Registry(), new Registry()];
  const described = { name: 'duration_seconds', help: 'Durations', buckets };
  const distributions = new Distributions({ ...described, registry: ours });
  const histogram = new Histogram({ ...described, labelNames: ['route'], registers: [theirs] });
  for (const route of ['/a', '/b']) {
    const observe = distributions.series({ route });
    for (const value of observed) {
      observe(value);
      histogram.observe({ route }, value);
    }
  }
  expect(lines(await ours.metrics())).toEqual(lines(await theirs.metrics()));
});

test('a series that is asked for twice is one, and has the registry’s labels', async () => {
  const registry = createRegistry('test');
  const tally = new Tally({ name: 'twice_total', help: 'Twice', registry });
  tally.series({ kind: 'a' })(1);
  tally.series({ kind: 'a' })(1);
  expect(await registry.metrics()).toContain('twice_total{kind="a",program="test"} 2');
});
