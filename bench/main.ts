/** The command line of the benchmarks, see USAGE. */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { aims } from './aims.ts';
import { BadFile } from './checked.ts';
import { comparison } from './compare/comparison.ts';
import type { Context, Scenario, Settings } from './context.ts';
import { diffCommand } from './diff/command.ts';
import { usualTool } from './load/load.ts';
import { CORES, loadAverage } from './measure/processes.ts';
import type { Measurement } from './measure/result.ts';
import { rawStagesCost, wholeCost } from './measure/whole-cost.ts';
import { asText, costOfMessage, cpu, memory, results } from './report.ts';
import { OTHERS, QUICK, SCENARIOS } from './scenarios/index.ts';
import { BenchStack, PARTITIONS } from './stack.ts';

const USAGE = `Measures a system of its own against what its parts give at best (docs/performance.md):

  bun run bench [SCENARIO…]   all scenarios, which takes about half an hour, or these; ends with the table of targets
  bun run bench quick         creates, batches, drain and reads, few short rounds: about three minutes
  bun run bench list          what there is
  bun run bench diff A.json B.json
                              what became slower from A to B, the results of two runs, or of several with
                              commas between them; ends with 1 if something did beyond noise, 2 for a wrong file
  bun run bench compare FILE…  other services beside ours; each file describes one, see bench/services

  --json FILE     the results with every sample, too (default bench/results/TIME.json)
  --rounds N      of each contender (default 5; in a full run 2 for what has no target)
  --seconds N     of each round (default 3)
  --large         the largest sizes too: hours rather than minutes
  --compare FILE  measures another service as well, as bench compare does; may be given several times
`;

const say = (what: string): void => console.error(`${new Date().toISOString().slice(11, 19)} ${what}`);

const OPTIONS = {
  json: { type: 'string' },
  rounds: { type: 'string' },
  seconds: { type: 'string' },
  large: { type: 'boolean', default: false },
  compare: { type: 'string', multiple: true },
  help: { type: 'boolean', default: false },
} as const;

function chosen(names: readonly string[]): readonly Scenario[] {
  const unknown = names.find((name) => !SCENARIOS.some((scenario) => scenario.name === name));
  if (unknown !== undefined) throw new Error(`There is no scenario '${unknown}': bun run bench list`);
  return names.length === 0 ? SCENARIOS : SCENARIOS.filter(({ name }) => names.includes(name));
}

async function main(): Promise<number> {
  const { positionals: names, values: options } = parseArgs({ options: OPTIONS, allowPositionals: true });
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  if (names[0] === 'diff') return diffCommand(names.slice(1));
  if (names[0] === 'list') {
    for (const { name, description } of SCENARIOS) console.log(`${name.padEnd(14)} ${description}`);
    return 0;
  }
  const quick = names[0] === 'quick';
  const settings: Settings = {
    rounds: Number(options.rounds ?? (quick ? 2 : 5)),
    seconds: Number(options.seconds ?? (quick ? 2 : 3)),
    quick,
    large: options.large,
  };
  const isFull = names.length === 0;
  const services = names[0] === 'compare' ? names.slice(1) : options.compare;
  const scenarios = [
    ...(names[0] === 'compare' ? [] : chosen(quick ? QUICK : names)),
    ...(services === undefined ? [] : [await comparison(services)]),
  ];
  const file = options.json ?? `bench/results/${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}.json`;
  const [{ model } = { model: undefined }] = cpus();
  const machine = { cores: CORES, model, loadAverage: loadAverage(), bun: Bun.version, load: usualTool() };
  say(`${machine.cores} cores, load average ${machine.loadAverage}; starting the system`);
  const measurements: Measurement[] = [];
  const failed: string[] = [];
  const stack = await BenchStack.up();
  const interrupted = (): void => void stack.down().finally(() => process.exit(1));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupted);
  const known: Context['known'] = {};
  try {
    for (const [index, scenario] of scenarios.entries()) {
      const { name, run } = scenario;
      const rounds = isFull && options.rounds === undefined && OTHERS.includes(scenario) ? 2 : settings.rounds;
      const tell = (what: string): void => say(`[${index + 1}/${scenarios.length}] ${name}: ${what}`);
      try {
        measurements.push(...(await run({ ...settings, rounds, stack, known, say: tell })));
      } catch (error) {
        failed.push(name);
        tell(`FAILED: ${error instanceof Error ? error.stack : String(error)}`);
      }
      // The results are written after each scenario, so that an interrupted run keeps them.
      await Bun.write(
        file,
        JSON.stringify(
          {
            at: new Date().toISOString(),
            machine,
            settings: { ...settings, partitions: PARTITIONS },
            measurements,
            failed,
          },
          null,
          1,
        ),
      );
    }
  } finally {
    await stack.down();
  }
  for (const table of [results, cpu, memory]) console.log(`${asText(table(measurements))}\n`);
  for (const { name, note } of measurements) if (note !== undefined) console.log(`${name}: ${note}`);
  const cost = costOfMessage({
    'whole system, 256 connections': wholeCost(measurements),
    'raw stages': rawStagesCost(measurements),
  });
  const targets = aims(measurements, { all: isFull });
  for (const table of [cost, targets]) if (table.rows.length > 0) console.log(`\n${asText(table)}`);
  say(`every sample is in ${file}`);
  return failed.length === 0 ? 0 : 1;
}

process.exitCode = await main().catch((error: unknown) => {
  if (!(error instanceof BadFile)) throw error;
  console.error(error.message);
  return 2;
});
