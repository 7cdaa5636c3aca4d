/**
 * Draws the charts of docs/performance.md from the JSON file of a run:
 *
 *   bun bench/charts/main.ts bench/results/TIME.json
 */
import { join } from 'node:path';
import type { Measurement } from '../measure/result.ts';
import { cpuPerItem } from '../measure/sample.ts';
import { spreadOf } from '../measure/statistics.ts';
import { wholeCost } from '../measure/whole-cost.ts';
import { REPOSITORY } from '../stack.ts';
import { drawn } from './draw.ts';

const FOLDER = join(REPOSITORY, 'docs/images');

type Row = Readonly<Record<string, string | number>>;

const [file = ''] = process.argv.slice(2);
const { measurements } = (await Bun.file(file).json()) as { measurements: Measurement[] };
const of = (scenario: string): Measurement[] => measurements.filter((each) => each.scenario === scenario);

function throughput(): object {
  const values = of('variants').flatMap((each): Row[] => {
    const connections = each.at?.connections;
    if (connections === undefined) return [];
    const { median, min, max } = spreadOf(each.values);
    const what = each.name.startsWith('HTTP floor') ? 'HTTP floor (no I/O)' : 'creates, confirmed';
    return [{ connections, what, median, min, max }];
  });
  const x = {
    field: 'connections',
    type: 'quantitative',
    scale: { type: 'log', base: 4 },
    title: 'connections',
    axis: { values: [1, 4, 16, 64, 256, 1_024] },
  };
  const color = { field: 'what', type: 'nominal', title: null };
  return {
    title: 'Single creates a second, over connections',
    data: { values },
    layer: [
      {
        mark: { type: 'area', opacity: 0.2 },
        encoding: {
          x,
          color,
          y: { field: 'min', type: 'quantitative', title: 'requests a second' },
          y2: { field: 'max' },
        },
      },
      {
        mark: { type: 'line', point: true },
        encoding: { x, color, y: { field: 'median', type: 'quantitative', title: 'requests a second' } },
      },
    ],
  };
}

const PERCENTILES = [
  ['50 %', 'p50'],
  ['90 %', 'p90'],
  ['99 %', 'p99'],
  ['99.9 %', 'p999'],
] as const;

function latencies(): object {
  const values = of('lag').flatMap((each): Row[] => {
    const latency = each.samples[0]?.latency;
    if (latency === undefined) return [];
    const [what = ''] = each.name.split(',');
    const load = `${(each.at?.perSecond ?? 0).toLocaleString('en')} creates a second`;
    return PERCENTILES.map(([percentile, key]) => ({ what, load, percentile, ms: latency[key] }));
  });
  return {
    title: 'Latencies at fixed arrival rates',
    data: { values },
    width: 190,
    mark: { type: 'line', point: true },
    encoding: {
      column: {
        field: 'what',
        type: 'nominal',
        title: null,
        sort: ['create answered', 'created → readable', 'created → searchable'],
      },
      x: {
        field: 'percentile',
        type: 'ordinal',
        title: 'share of the requests',
        sort: PERCENTILES.map(([name]) => name),
      },
      y: { field: 'ms', type: 'quantitative', scale: { type: 'log' }, title: 'milliseconds' },
      color: { field: 'load', type: 'nominal', title: null },
    },
  };
}

const STORED_BY = ['ingest', 'redis', 'rabbitmq', 'worker', 'mysql'];

function growth(): object {
  const values = of('growth').flatMap((each): Row[] =>
    STORED_BY.map((program) => {
      const micros = each.samples.map((sample) => cpuPerItem(sample, (name) => name === program) * 1e6);
      return { rows: `${((each.at?.rows ?? 0) / 1e6).toString()} million`, program, micros: spreadOf(micros).median };
    }),
  );
  return {
    title: 'CPU for one message, created and stored, over stored rows',
    data: { values },
    mark: { type: 'bar', width: { band: 0.6 } },
    encoding: {
      x: { field: 'rows', type: 'ordinal', title: 'stored messages', sort: null, axis: { labelAngle: 0 } },
      y: { field: 'micros', type: 'quantitative', title: 'µs of CPU' },
      color: { field: 'program', type: 'nominal', title: null, sort: STORED_BY },
    },
  };
}

function costs(): object {
  const all = wholeCost(measurements);
  const programs = Object.keys(all?.samples[0]?.cpuSeconds ?? {});
  const values = programs.map((program): Row => {
    const micros = (all?.samples ?? []).map((sample) => cpuPerItem(sample, (name) => name === program) * 1e6);
    return { program, micros: spreadOf(micros).median };
  });
  return {
    title: 'Where the CPU goes: µs for one message, created, stored and indexed',
    data: { values: values.filter(({ micros = 0 }) => Number(micros) >= 1) },
    height: 220,
    mark: 'bar',
    encoding: {
      y: { field: 'program', type: 'nominal', title: null, sort: '-x' },
      x: { field: 'micros', type: 'quantitative', title: 'µs of CPU' },
    },
  };
}

const CHARTS: Readonly<Record<string, readonly [scenario: string, describe: () => object]>> = {
  'throughput-over-connections': ['variants', throughput],
  'latency-percentiles': ['lag', latencies],
  'cost-over-rows': ['growth', growth],
  'cpu-of-a-message': ['whole', costs],
};

for (const [name, [scenario, describe]] of Object.entries(CHARTS)) {
  if (of(scenario).length === 0) continue;
  await Bun.write(join(FOLDER, `${name}.svg`), await drawn(describe()));
  console.log(`docs/images/${name}.svg`);
}
