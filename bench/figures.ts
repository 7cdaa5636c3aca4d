/**
 * Writes docs/figures.md, with every figure of a benchmark run, from the run's JSON file. If later files have the same
 * scenario, its figures are taken from them:
 *
 *   bun bench/figures.ts bench/results/TIME.json [bench/results/LATER.json…]
 */
import { join } from 'node:path';
import type { Measurement } from './measure/result.ts';
import { asMarkdown, cpu, memory, results, type Table } from './report.ts';
import { REPOSITORY } from './stack.ts';

interface Run {
  readonly at: string;
  readonly machine: { readonly cores: number; readonly model: string; readonly bun: string };
  readonly settings: { readonly rounds: number; readonly seconds: number; readonly large: boolean };
  readonly measurements: readonly Measurement[];
}

/** Removes the column of scenario names: the table's heading is the name. */
const withoutScenario = ({ texts, head, rows }: Table): Table => ({
  texts: texts - 1,
  head: head.slice(1),
  rows: rows.map((row) => row.slice(1)),
});

function page(first: Run, later: readonly Run[]): string {
  const { at, machine, settings } = first;
  const { rounds, seconds, large } = settings;
  const sections = Map.groupBy(first.measurements, ({ scenario }) => scenario);
  const again = later.flatMap(({ measurements }) => [...Map.groupBy(measurements, ({ scenario }) => scenario)]);
  for (const [scenario, rows] of again) sections.set(scenario, rows);
  const names = again.map(([scenario]) => `\`${scenario}\``).join(', ');
  return [
    '# All figures of a run',
    `\`bun run bench --rounds ${rounds} --seconds ${seconds}${large ? ' --large' : ''}\`, ended ${at.slice(0, 10)}, Bun ${machine.bun}, ${machine.cores} cores (${machine.model}). Written by \`bench/figures.ts\`.${names && ` Of later runs: ${names}.`}`,
    'What is measured and how, and what the figures say: [performance.md](performance.md). `of it` is the share of what it is compared with, made within each round. `others` is how many cores everything else on the machine took. Programs that wait take a little CPU all the time, which shows where little is done in a second.',
    ...[...sections].flatMap(([scenario, rows]) => [
      `## ${scenario}`,
      ...[results, cpu].map((table) => asMarkdown(withoutScenario(table(rows)))),
    ]),
    '## memory',
    asMarkdown(memory([...sections.values()].flat())),
  ].join('\n\n');
}

const [first, ...later] = await Promise.all(process.argv.slice(2).map((file): Promise<Run> => Bun.file(file).json()));
if (first === undefined) throw new Error('Name the JSON file of a run.');
await Bun.write(join(REPOSITORY, 'docs/figures.md'), `${page(first, later)}\n`);
