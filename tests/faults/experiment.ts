/** Runs one fault under load, from a healthy system to the comparison with what was acknowledged. */
import { TooLate, until } from '@parley/testing';
import { check, type Findings } from './check.ts';
import { Client } from './client.ts';
import { Credentials } from './credentials.ts';
import type { Fault, FaultContext } from './fault.ts';
import { Load } from './load.ts';
import { observe, settledIndex } from './observe.ts';
import { quiescence } from './quiescence.ts';
import { Random } from './random.ts';
import { Recording } from './record.ts';
import { type FaultStack, PARTITIONS } from './stack.ts';
import { broken, figuresOf, type Result, type Times } from './verdict.ts';

export interface ExperimentOptions {
  readonly stack: FaultStack;
  readonly createsPerSecond: number;
  readonly seed: number;
  readonly tell: (what: string) => void;
  /** How long the load runs before the fault. */
  readonly beforeMs?: number;
  /** How long every create must have been acknowledged before the load counts as steady. */
  readonly steadyMs?: number;
}

const BEFORE_MS = 3_000;
const STEADY_MS = 4_000;
const STEADY_WITHIN_MS = 90_000;
const INDEX_WITHIN_MS = 120_000;
let runs = 0;

/** Makes a load that is not started yet, and the context for faults under it. */
export function newLoad({ stack, seed, tell, createsPerSecond }: ExperimentOptions): FaultContext {
  const random = new Random(seed);
  runs += 1;
  // The pid distinguishes the texts of this run from another's on the same data.
  const name = `f${process.pid.toString(36)}r${runs}`;
  const options = { createsPerSecond, partitions: PARTITIONS };
  const credentials = stack.adminKey === undefined ? undefined : new Credentials(stack.url, stack.adminKey);
  const recording = new Recording();
  const client = new Client(stack.url, credentials, recording.denied);
  return { stack, random, tell, load: new Load(client, recording, random, options, name) };
}

export async function experiment(fault: Fault, options: ExperimentOptions): Promise<Result> {
  const { tell, beforeMs = BEFORE_MS } = options;
  const context = newLoad(options);
  const { load } = context;
  try {
    const index = await indexOf(options.stack);
    await load.prepare();
    load.start();
    await Bun.sleep(beforeMs);
    const injectedAt = Date.now();
    tell(fault.description);
    await fault.inject(context);
    await Bun.sleep(fault.holdMs);
    await fault.heal(context);
    const healedAt = Date.now();
    tell(`healed after ${((healedAt - injectedAt) / 1_000).toFixed(1)} s`);
    const result = await compare(fault, context, { injectedAt, healedAt }, options);
    return fault.rebuildsIndex === true ? result : withoutRebuild(result, index, await indexOf(options.stack));
  } finally {
    // Ends the load even if the injection has failed: the next fault must not run under two loads.
    load.abandon();
    await fault.cleanUp?.(context);
  }
}

/**
 * Waits until searches read an index and no new one is being filled from the store: that would hide what was never
 * indexed. Returns its name and creation time.
 */
async function indexOf(stack: FaultStack): Promise<string> {
  let index: string | undefined;
  const settled = async () => {
    index = await settledIndex(stack);
    return index !== undefined;
  };
  await until('searches read an index, and no other is filled', settled, INDEX_WITHIN_MS);
  return index ?? '';
}

function withoutRebuild(result: Result, before: string, after: string): Result {
  if (before === after) return result;
  const rebuilt = `the search index was built anew (${before}, now ${after}): what was not indexed does not show`;
  return { ...result, broken: [...result.broken, rebuilt] };
}

/**
 * Waits until the load is steady, ends it, waits until nothing is on its way, and compares what is stored with what was
 * acknowledged. A wait that is too long is a broken promise.
 */
export async function compare(
  fault: Fault,
  { stack, load, random, tell }: FaultContext,
  when: Omit<Times, 'startedAt'>,
  { seed, steadyMs = STEADY_MS }: ExperimentOptions,
): Promise<Result> {
  const { recording, client } = load;
  const late: string[] = [];
  const orLate = async (work: Promise<void>): Promise<void> => {
    try {
      await work;
    } catch (error) {
      if (!(error instanceof TooLate)) throw error;
      late.push(error.message);
    }
  };
  await orLate(steady(recording, when.healedAt, steadyMs));
  await load.pause();
  tell(`${recording.acknowledged} acknowledged; waiting until nothing is on its way`);
  const pausedAt = performance.now();
  await orLate(quiescence(stack, client, load.tokens));
  const quietMs = performance.now() - pausedAt;
  const stored = await observe(stack, client, recording, load.name, random);
  const findings: Findings = check(recording, stored);
  const times: Times = { startedAt: load.startedAt ?? when.injectedAt, ...when };
  const figures = { ...figuresOf(recording, times), quietMs };
  const honouredMs = load.revoked?.longestMs;
  const result = { fault: fault.name, seed, times, ...figures, findings, deadLetters: stored.deadLetters, honouredMs };
  return { ...result, broken: [...late, ...broken(fault, figures, findings, stored.deadLetters)] };
}

export function steady(recording: Recording, healedAt: number, steadyMs = STEADY_MS): Promise<void> {
  let acknowledged = recording.acknowledged;
  let since = Date.now();
  return until(
    'creates are acknowledged without exception',
    async () => {
      if (recording.lastBadAt > since) since = recording.lastBadAt;
      const goesOn = recording.acknowledged > acknowledged;
      acknowledged = recording.acknowledged;
      return goesOn && Date.now() - Math.max(since, healedAt) > steadyMs;
    },
    STEADY_WITHIN_MS,
  );
}
