/** The command line of the fault harness, see USAGE. */
import { parseArgs } from 'node:util';
import { type ExperimentOptions, experiment } from './experiment.ts';
import type { Fault } from './fault.ts';
import { FAULTS } from './faults/index.ts';
import { type Soaked, soak } from './soak.ts';
import { FaultStack } from './stack.ts';
import { table } from './table.ts';
import type { Result } from './verdict.ts';

const USAGE = `Breaks a system of its own under load and compares what was acknowledged with what is there (docs/faults.md):

  bun run faults [NAME…]      all faults, or these; a name that ends in - means all that begin so
  bun run faults soak         a random fault every 30 s
  bun run faults list         what there is

  --minutes N     of the soak (default 10)
  --json FILE     the results, too
  --seed N        repeats the choices of an earlier run
  --rate N        creates a second (default 400)
  --keyed         with keys: the load has secret keys and user tokens, and revokes keys
  --keep          leaves the state folder with its logs
`;

const say = (what: string): void => console.error(`${new Date().toISOString().slice(11, 19)} ${what}`);

const OPTIONS = {
  minutes: { type: 'string', default: '10' },
  json: { type: 'string' },
  seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  rate: { type: 'string', default: '400' },
  keyed: { type: 'boolean', default: false },
  keep: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

function chosen(names: readonly string[]) {
  if (names.length === 0) return FAULTS;
  const matches = (fault: string) => (name: string) => name === fault || (name.endsWith('-') && fault.startsWith(name));
  for (const name of names) {
    if (!FAULTS.some((fault) => matches(fault.name)(name))) throw new Error(`There is no fault '${name}'.`);
  }
  return FAULTS.filter(({ name }) => names.some(matches(name)));
}

async function main(): Promise<number> {
  const { positionals: names, values: options } = parseArgs({ options: OPTIONS, allowPositionals: true });
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  if (names[0] === 'list') {
    for (const { name, description } of FAULTS) console.log(`${name.padEnd(30)} ${description}`);
    return 0;
  }
  const soaking = names[0] === 'soak';
  const faults = soaking ? [] : chosen(names);
  const seed = Number(options.seed);
  const createsPerSecond = Number(options.rate);
  say(`seed ${seed}; starting the system`);
  const stack = await FaultStack.up();
  const report: Report = { results: [], unable: [] };
  // A second Ctrl-C ends this process at once; the next run stops the system that is left.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      say(`${signal}: stopping the system`);
      stack.down(true).finally(() => process.exit(1));
    });
  }
  try {
    if (options.keyed) await stack.useKeys();
    const common = { stack, createsPerSecond, seed };
    if (soaking) await runSoak(Number(options.minutes), common, report);
    for (const [index, fault] of faults.entries()) {
      await runFault(fault, common, report, (what) => say(`[${index + 1}/${faults.length}] ${fault.name}: ${what}`));
    }
  } finally {
    await stack.down(!allHeld(report) || options.keep);
    if (!allHeld(report)) say(`the logs are in ${stack.settings.stateDir}/logs`);
    if (report.results.length > 0) console.log(table(report.results));
  }
  const plain = (_: string, value: unknown) => (value instanceof Map ? Object.fromEntries(value) : value);
  if (options.json !== undefined) await Bun.write(options.json, JSON.stringify({ seed, ...report }, plain, 2));
  return allHeld(report) ? 0 : 1;
}

interface Report {
  readonly results: Result[];
  /** Faults that could not be injected or checked: as bad as a broken promise. */
  readonly unable: string[];
  soak?: Omit<Soaked, 'result'>;
}

const allHeld = ({ results, unable }: Report): boolean =>
  unable.length === 0 && results.every(({ broken }) => broken.length === 0);

type Common = Omit<ExperimentOptions, 'tell'>;

async function runFault(fault: Fault, common: Common, report: Report, tell: (what: string) => void): Promise<void> {
  const { stack } = common;
  try {
    const obstacle = await fault.prepare?.(stack);
    if (obstacle !== undefined) {
      tell(`passed over: ${obstacle}`);
      return;
    }
    const result = await experiment(fault, { ...common, tell });
    report.results.push(result);
    tell(result.broken.length === 0 ? 'held' : `BROKEN: ${result.broken.join('; ')}`);
  } catch (error) {
    report.unable.push(fault.name);
    tell(`could not be run: ${error instanceof Error ? error.stack : String(error)}`);
  }
  await stack.command('up');
}

async function runSoak(minutes: number, common: Common, report: Report): Promise<void> {
  const { result, ...more } = await soak(minutes, { ...common, tell: (what) => say(`[soak] ${what}`) });
  report.results.push(result);
  report.soak = more;
  for (const [name, { first, last, max }] of more.memory)
    say(`${name}: ${first} MB at first, ${last} MB at last, ${max} MB at most`);
}

// Exits even if a failed fault has left timers or connections, which keep a process alive.
process.exit(await main());
