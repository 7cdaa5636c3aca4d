/** What every scenario gets: the system, how long to measure, and how to measure the programs' CPU. */
import type { Measurement } from './measure/result.ts';
import { type Done, type Sample, Stopwatch } from './measure/sample.ts';
import type { BenchStack } from './stack.ts';

export interface Settings {
  readonly rounds: number;
  /** The length of one round of one contender (a compared variant). */
  readonly seconds: number;
  /** For everyday use: fewer and shorter rounds of the scenarios in QUICK. */
  readonly quick: boolean;
  /** Also the largest sizes: a million messages in a chat, ten million rows, ten minutes of load. */
  readonly large: boolean;
}

export interface Context extends Settings {
  readonly stack: BenchStack;
  readonly say: (what: string) => void;
  /** Results of earlier scenarios for later ones. */
  readonly known: { sustainedPerSecond?: number };
}

export interface Scenario {
  readonly name: string;
  readonly description: string;
  readonly run: (context: Context) => Promise<Measurement[]>;
}

/** A compared variant. `pids`: its processes outside the stack, whose CPU is measured too. */
export interface Contender {
  readonly name: string;
  readonly run: () => Promise<Done>;
  readonly pids?: Readonly<Record<string, number>>;
  /** Runs before each round, outside the measured time. */
  readonly prepare?: () => Promise<void>;
  /** Runs after each round, outside the measured time. */
  readonly after?: () => Promise<void>;
}

/** Runs `work` and measures its time, and the CPU of the stack and of `pids`. */
export async function watched(
  { stack }: Pick<Context, 'stack'>,
  work: () => Promise<Done>,
  pids: Readonly<Record<string, number>> = {},
): Promise<Sample> {
  const stopwatch = new Stopwatch(new Map([...stack.pids, ...Object.entries(pids)]));
  return stopwatch.stop(await work());
}

/**
 * Runs each contender once, then each again, and so on, so that a disturbance of the machine hits all of them. The
 * first round warms up and does not count. @returns each contender's samples, by its name
 */
export async function interleaved(
  context: Context,
  contenders: readonly Contender[],
  rounds = context.rounds,
): Promise<ReadonlyMap<string, Sample[]>> {
  const samples = new Map<string, Sample[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const { name, run, pids, prepare, after } of contenders) {
      await prepare?.();
      const sample = await watched(context, run, pids);
      await after?.();
      const rate = Math.round(sample.count / sample.seconds).toLocaleString('en');
      context.say(`${round === 0 ? 'warm-up' : `round ${round}/${rounds}`} ${name}: ${rate}/s`);
      if (round > 0) samples.get(name)?.push(sample);
    }
  }
  return samples;
}
