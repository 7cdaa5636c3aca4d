/**
 * Computes how many cores, nodes, memory and disk a rate needs, from the CPU for one message that a run has measured:
 *
 *   bun bench/scaling.ts bench/results/TIME.json [--days 30] [--utilisation 0.6] [--node-cores 16]
 *
 * This is a model, not a measurement: it multiplies the figures of one machine, and knows only one limit of each
 * program. docs/scaling.md says what it leaves out.
 */
import { parseArgs } from 'node:util';
import type { Measurement } from './measure/result.ts';
import { cpuPerItem } from './measure/sample.ts';
import { spreadOf } from './measure/statistics.ts';
import { wholeCost } from './measure/whole-cost.ts';

const RATES = [10_000, 100_000, 1_000_000];
const SECONDS_A_DAY = 86_400;

interface Kind {
  readonly name: string;
  /** How many nodes keep or handle each message. Each of them does the measured work. */
  readonly copies: number;
  /** How many cores one process or node can use: 1 for a single-threaded program. */
  readonly coresEachMax: number;
  /** Memory of one process or node. */
  readonly memoryGb: number;
  /** Bytes on disk that one copy of a message takes. */
  readonly bytesKept: number;
  /** What one process or node is called in the table. */
  readonly unit: string;
}

/**
 * Copies and memory are our choice. Bytes are measured: 100,000 messages of 60 characters, stored in order, in one
 * segment of Elasticsearch.
 */
const KINDS: readonly Kind[] = [
  { name: 'ingest', copies: 1, coresEachMax: 1, memoryGb: 0.2, bytesKept: 0, unit: 'processes' },
  { name: 'redis', copies: 2, coresEachMax: 1, memoryGb: 1, bytesKept: 0, unit: 'servers (masters and replicas)' },
  { name: 'rabbitmq', copies: 3, coresEachMax: 8, memoryGb: 8, bytesKept: 0, unit: 'nodes' },
  { name: 'worker', copies: 1, coresEachMax: 1, memoryGb: 0.3, bytesKept: 0, unit: 'processes' },
  { name: 'mysql', copies: 2, coresEachMax: 8, memoryGb: 32, bytesKept: 184, unit: 'servers (primaries and replicas)' },
  { name: 'elasticsearch', copies: 2, coresEachMax: 16, memoryGb: 32, bytesKept: 251, unit: 'nodes' },
];

const OPTIONS = {
  days: { type: 'string', default: '30' },
  utilisation: { type: 'string', default: '0.6' },
  'node-cores': { type: 'string', default: '16' },
} as const;

/** Returns each program's CPU seconds for one message that is created, stored and indexed. */
async function measuredCosts(file: string): Promise<ReadonlyMap<string, number>> {
  const { measurements } = (await Bun.file(file).json()) as { measurements: Measurement[] };
  const whole = wholeCost(measurements);
  if (whole === undefined) throw new Error(`${file} has no scenario 'whole'`);
  const of = (program: string) =>
    spreadOf(whole.samples.map((sample) => cpuPerItem(sample, (name) => name === program))).median;
  return new Map(KINDS.map(({ name }) => [name, of(name)]));
}

const number = (value: number): string => Math.ceil(value).toLocaleString('en');

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({ options: OPTIONS, allowPositionals: true });
  const [file = ''] = positionals;
  const days = Number(values.days);
  const utilisation = Number(values.utilisation);
  const nodeCores = Number(values['node-cores']);
  const costs = await measuredCosts(file);
  for (const perSecond of RATES) {
    console.log(
      `\n${perSecond.toLocaleString('en')} messages a second, ${utilisation * 100} % busy, kept ${days} days\n`,
    );
    console.log('| kind | µs each | busy cores | cores to have | how many | memory GB | disk TB |');
    console.log('| --- | ---: | ---: | ---: | --- | ---: | ---: |');
    let allCores = 0;
    for (const { name, copies, coresEachMax, memoryGb, bytesKept, unit } of KINDS) {
      const cost = costs.get(name) ?? 0;
      const busy = perSecond * cost * copies;
      const cores = busy / utilisation;
      const count = Math.max(copies, Math.ceil(cores / coresEachMax));
      const disk = (perSecond * SECONDS_A_DAY * days * bytesKept * copies) / 1e12;
      allCores += cores;
      const told = [name, (cost * 1e6).toFixed(0), busy.toFixed(1), number(cores), `${number(count)} ${unit}`];
      console.log(`| ${[...told, number(count * memoryGb), disk === 0 ? '' : disk.toFixed(1)].join(' | ')} |`);
    }
    console.log(`\n${number(allCores)} cores in all: ${number(allCores / nodeCores)} × ${nodeCores} cores`);
  }
}

await main();
