/**
 * Writes docs/figures.md, every figure of a run, from the run's JSON file:
 *
 *   bun bench/figures.ts bench/results/TIME.json
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

/** The scenario is the heading. */
const withoutScenario = ({ texts, head, rows }: Table): Table => ({
  texts: texts - 1,
  head: head.slice(1),
  rows: rows.map((row) => row.slice(1)),
});

function page({ at, machine, settings, measurements }: Run): string {
  const { rounds, seconds, large } = settings;
  const sections = Map.groupBy(measurements, ({ scenario }) => scenario);
  return [
    '# All figures of one run',
    `\`bun run bench --rounds ${rounds} --seconds ${seconds}${large ? ' --large' : ''}\`, ended ${at.slice(0, 10)}, Bun ${machine.bun}, ${machine.cores} cores (${machine.model}). Written by \`bench/figures.ts\`.`,
    'What is measured and how, and what the figures say: [performance.md](performance.md). `of it` is the share of what it is compared with, made within each round. `others` is how many cores everything else on the machine took. Programs that wait take a little CPU all the time, which shows where little is done in a second.',
    ...[...sections].flatMap(([scenario, rows]) => [
      `## ${scenario}`,
      ...[results, cpu].map((table) => asMarkdown(withoutScenario(table(rows)))),
    ]),
    '## memory',
    asMarkdown(memory(measurements)),
  ].join('\n\n');
}

const [file = ''] = process.argv.slice(2);
await Bun.write(join(REPOSITORY, 'docs/figures.md'), `${page((await Bun.file(file).json()) as Run)}\n`);
