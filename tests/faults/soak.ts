/** One long load with a random fault every half minute. Samples the memory of each app meanwhile. */
import { compare, type ExperimentOptions, newLoad, steady } from './experiment.ts';
import type { Fault, FaultContext } from './fault.ts';
import { FAULTS } from './faults/index.ts';
import { APPS, type AppName, type FaultStack } from './stack.ts';
import type { Result } from './verdict.ts';

const EVERY_MS = 30_000;
const HOLD_MS_MAX = 10_000;
const SAMPLE_EVERY_MS = 5_000;
/** The limit of an app's memory. Apps need far less: only a leak reaches it. */
const MEMORY_MB_MAX = 400;
/** Not in the soak: `none`, and faults that need a changed system, other expectations, or minutes each. */
const LEFT_OUT = ['none', 'poison', 'clock-back', 'workers-crash-holding'];

export interface Memory {
  readonly first: number;
  readonly last: number;
  readonly max: number;
}

export interface Soaked {
  readonly result: Result;
  readonly memory: ReadonlyMap<AppName, Memory>;
  readonly faults: readonly string[];
}

/** Runs the soak for `minutes`; the last fault may end later. */
export async function soak(minutes: number, options: ExperimentOptions): Promise<Soaked> {
  const context = newLoad(options);
  const { load, stack, random, tell } = context;
  const candidates = FAULTS.filter(({ name }) => !LEFT_OUT.includes(name));
  const memory = new Map<AppName, Memory>();
  const faults: string[] = [];
  await load.prepare();
  load.start();
  const sampling = setInterval(() => void sample(stack, memory), SAMPLE_EVERY_MS);
  const startedAt = Date.now();
  let healedAt = startedAt;
  try {
    while (Date.now() < startedAt + minutes * 60_000) {
      const nextAt = Date.now() + EVERY_MS;
      const fault = random.pick(candidates);
      faults.push(fault.name);
      tell(`${fault.name}: ${fault.description}`);
      await once(fault, context);
      healedAt = Date.now();
      await steady(load.recording, healedAt);
      tell(
        `steady again after ${((Date.now() - healedAt) / 1_000).toFixed(1)} s; ${load.recording.acknowledged} acknowledged`,
      );
      await Bun.sleep(Math.max(0, nextAt - Date.now()));
    }
  } catch (error) {
    load.abandon();
    throw error;
  } finally {
    clearInterval(sampling);
  }
  const whole: Fault = {
    name: 'soak',
    description: `${faults.length} faults`,
    holdMs: 0,
    // The whole soak has one limit: the highest of all its faults.
    refusalMsMax: Math.max(...candidates.map(({ refusalMsMax = 0 }) => refusalMsMax)),
    inject: async () => {},
    heal: async () => {},
  };
  const result = await compare(whole, context, { injectedAt: startedAt, healedAt }, options);
  const grown = [...memory].filter(([, { max }]) => max > MEMORY_MB_MAX);
  const broken = [...result.broken, ...grown.map(([name, { max }]) => `${name} takes ${max} MB`)];
  return { result: { ...result, broken }, memory, faults };
}

async function once(fault: Fault, context: FaultContext): Promise<void> {
  await fault.inject(context);
  await Bun.sleep(Math.min(fault.holdMs, HOLD_MS_MAX));
  await fault.heal(context);
  await fault.cleanUp?.(context);
  // Starts the programs that the fault has left dead.
  await context.stack.command('up');
}

async function sample(stack: FaultStack, memory: Map<AppName, Memory>): Promise<void> {
  for (const name of APPS) {
    const now = await stack.residentMb(name).catch(() => 0);
    if (now === 0) continue;
    const { first, max } = memory.get(name) ?? { first: now, max: now };
    memory.set(name, { first, last: now, max: Math.max(max, now) });
  }
}
