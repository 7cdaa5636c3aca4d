/** One fault under load, from a well system to the comparison. */
import { check, type Findings } from './check.ts';
import { Client } from './client.ts';
import type { Fault, FaultContext } from './fault.ts';
import { Load } from './load.ts';
import { observe } from './observe.ts';
import { quiescence } from './quiescence.ts';
import { Random } from './random.ts';
import { Recording } from './record.ts';
import { type FaultStack, PARTITIONS } from './stack.ts';
import { broken, figuresOf, type Result } from './verdict.ts';
import { TooLate, until } from './wait.ts';

export interface ExperimentOptions {
  readonly stack: FaultStack;
  readonly createsPerSecond: number;
  readonly seed: number;
  readonly tell: (what: string) => void;
}

const BEFORE_MS = 3_000;
/** The load is steady when it was acknowledged for so long without an exception. */
const STEADY_MS = 4_000;
const STEADY_WITHIN_MS = 90_000;
let runs = 0;

export async function experiment(fault: Fault, options: ExperimentOptions): Promise<Result> {
  const { stack, seed, tell } = options;
  const random = new Random(seed);
  const recording = new Recording();
  runs += 1;
  const client = new Client(stack.url);
  const { createsPerSecond } = options;
  const loadOptions = { createsPerSecond, partitions: PARTITIONS };
  // The pid keeps two runs on the same data apart.
  const load = new Load(client, recording, random, loadOptions, `f${process.pid.toString(36)}r${runs}`);
  const context: FaultContext = { stack, load, random, tell };

  await load.prepare();
  load.start();
  await Bun.sleep(BEFORE_MS);
  const injectedAt = Date.now();
  tell(fault.description);
  await fault.inject(context);
  await Bun.sleep(fault.holdMs);
  await fault.heal(context);
  const healedAt = Date.now();
  tell(`healed after ${((healedAt - injectedAt) / 1_000).toFixed(1)} s`);

  const late: string[] = [];
  const orLate = async (work: Promise<void>): Promise<void> => {
    try {
      await work;
    } catch (error) {
      if (!(error instanceof TooLate)) throw error;
      late.push(error.message);
    }
  };
  await orLate(steady(recording, healedAt));
  await load.pause();
  tell(`${recording.acknowledged} acknowledged; waiting until nothing is on its way`);
  const pausedAt = performance.now();
  await orLate(quiescence(stack, client, load.tokens));
  const quietMs = performance.now() - pausedAt;
  const stored = await observe(stack, client, load.name, random);
  const findings: Findings = check(recording, stored);
  const times = { startedAt: load.startedAt ?? injectedAt, injectedAt, healedAt };
  const figures = { ...figuresOf(recording, times), quietMs };
  await fault.cleanUp?.(context);
  const result = { fault: fault.name, seed, times, ...figures, findings, deadLetters: stored.deadLetters };
  return { ...result, broken: [...late, ...broken(fault, figures, findings, stored.deadLetters)] };
}

function steady(recording: Recording, healedAt: number): Promise<void> {
  let acknowledged = recording.acknowledged;
  let since = Date.now();
  return until('creates are acknowledged without exception', STEADY_WITHIN_MS, async () => {
    if (recording.lastBadAt > since) since = recording.lastBadAt;
    const goesOn = recording.acknowledged > acknowledged;
    acknowledged = recording.acknowledged;
    return goesOn && Date.now() - Math.max(since, healedAt) > STEADY_MS;
  });
}
