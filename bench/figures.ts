/**
 * Writes the figures of a benchmark run, from its JSON file, into the documentation: docs/figures.md with every figure,
 * and in docs/performance.md the tables between the marks. If later files have the same scenario, its figures are taken
 * from them. `--before` adds what a message cost in an earlier version:
 *
 *   bun bench/figures.ts bench/results/TIME.json [bench/results/LATER.json…] [--before bench/results/OLD.json]
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { aims } from './aims.ts';
import type { Measurement } from './measure/result.ts';
import { rawStagesCost, wholeCost } from './measure/whole-cost.ts';
import { asMarkdown, costOfMessage, cpu, memory, results, type Table, withTable } from './report.ts';
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

/** Returns the measurements by scenario; those of later runs replace those of earlier ones. */
function merged([first, ...later]: readonly Run[]): ReadonlyMap<string, readonly Measurement[]> {
  const sections = Map.groupBy(first?.measurements ?? [], ({ scenario }) => scenario);
  for (const { measurements } of later) {
    for (const [scenario, rows] of Map.groupBy(measurements, (each) => each.scenario)) sections.set(scenario, rows);
  }
  return sections;
}

function page(
  { at, machine, settings }: Run,
  later: readonly Run[],
  sections: ReadonlyMap<string, readonly Measurement[]>,
) {
  const { rounds, seconds, large } = settings;
  const again = new Set(later.flatMap(({ measurements }) => measurements.map(({ scenario }) => scenario)));
  const names = [...again].map((scenario) => `\`${scenario}\``).join(', ');
  return [
    '# All figures of a run',
    `\`bun run bench --rounds ${rounds} --seconds ${seconds}${large ? ' --large' : ''}\`, ended ${at.slice(0, 10)}, Bun ${machine.bun}, ${machine.cores} cores (${machine.model}). Written by \`bench/figures.ts\`.${names && ` Of later runs: ${names}.`}`,
    'What is measured and how, and what the figures say: [performance.md](performance.md). Earlier figures: [measurements.md](measurements.md). `of it` is the figure over what it is compared with, made within each round. `others` is how many cores everything else on the machine took. Programs that wait take a little CPU all the time, which shows where little is done in a second.',
    ...[...sections].flatMap(([scenario, rows]) => [
      `## ${scenario}`,
      ...[results, cpu].map((table) => asMarkdown(withoutScenario(table(rows)))),
    ]),
    '## memory',
    asMarkdown(memory([...sections.values()].flat())),
  ].join('\n\n');
}

async function main(): Promise<void> {
  const options = { before: { type: 'string' } } as const;
  const { positionals, values } = parseArgs({ options, allowPositionals: true });
  const read = (file: string): Promise<Run> => Bun.file(file).json();
  const [first, ...later] = await Promise.all(positionals.map(read));
  if (first === undefined) throw new Error('Name the JSON file of a run.');
  const before = values.before === undefined ? undefined : await read(values.before);
  const sections = merged([first, ...later]);
  const all = [...sections.values()].flat();
  await Bun.write(join(REPOSITORY, 'docs/figures.md'), `${page(first, later, sections)}\n`);
  const performance = Bun.file(join(REPOSITORY, 'docs/performance.md'));
  const cost = costOfMessage({
    before: before && wholeCost(before.measurements),
    now: wholeCost(all),
    'raw stages': rawStagesCost(all),
  });
  const targets = withTable(await performance.text(), 'targets', aims(all, { all: true }));
  await performance.write(withTable(targets, 'cost', cost));
}

await main();
