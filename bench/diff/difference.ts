/**
 * Compares two sides, A and B, of one or more runs each. A change counts only if it is beyond noise: no round of one
 * side lies within the range of the other side's rounds, and the medians differ by more than 5 %. One round has no
 * range, so what was measured once on a side is never beyond noise: it is marked with a question mark.
 */
import { spreadOf } from '../measure/statistics.ts';
import type { Run } from './run.ts';

const NOISE = 0.05;
/** A program below this share of a measurement's CPU on both sides is left out. */
const SHARE_MIN = 0.02;
/** `/proc` counts CPU in steps of 10 ms: a difference of two steps in a round may be none. */
const CPU_MS_MIN = 20;
/** Programs that measure. Their CPU is shown, but it says nothing about what is measured. */
const MEASURING = ['load', 'bench'];

export type Verdict = 'same' | 'slower' | 'faster' | 'slower?' | 'faster?';

export interface Change {
  readonly scenario: string;
  readonly name: string;
  /** The program whose CPU this is; undefined for what was measured. */
  readonly program?: string;
  /** CPU is in `µs` for one item (a message, a request or a row). */
  readonly unit: string;
  /** The figure in each round of A, and of B. */
  readonly a: readonly number[];
  readonly b: readonly number[];
  /** The median of B divided by that of A; Infinity if A has none. */
  readonly ratio: number;
  readonly verdict: Verdict;
}

export interface Difference {
  /** Why the two sides may not be comparable, one sentence each. */
  readonly warnings: readonly string[];
  readonly measured: readonly Change[];
  readonly cpu: readonly Change[];
  /** The measurements that only one side has. */
  readonly onlyA: readonly string[];
  readonly onlyB: readonly string[];
}

type Measured = Run['measurements'][number];

/** Compares B with A. The rounds of several runs of a side are joined. */
export function difference(a: readonly Run[], b: readonly Run[]): Difference {
  const [was, is] = [joined(a), joined(b)];
  const both = [...was].flatMap(([key, before]) => {
    const after = is.get(key);
    return after === undefined ? [] : [[before, after] as const];
  });
  const cpu = both.flatMap(([before, after]) => cpuChanges(before, after));
  return {
    warnings: [
      ...unlike([...a, ...b]),
      ...failedScenarios('A', a),
      ...failedScenarios('B', b),
      ...newFailures(both),
      ...otherFloors(cpu),
    ],
    measured: both.map(([before, after]) => measuredChange(before, after)),
    cpu,
    onlyA: [...was.keys()].filter((key) => !is.has(key)),
    onlyB: [...is.keys()].filter((key) => !was.has(key)),
  };
}

/** Joins the rounds of several runs, by scenario, name and unit. What has no figure is left out. */
function joined(runs: readonly Run[]): Map<string, Measured> {
  const all = new Map<string, Measured>();
  for (const each of runs.flatMap(({ measurements }) => measurements)) {
    const key = `${each.scenario}: ${each.name} (${each.unit})`;
    const { values = [], samples = [] } = all.get(key) ?? {};
    const joint = { ...each, values: [...values, ...each.values], samples: [...samples, ...each.samples] };
    if (numbers(joint.values).length > 0) all.set(key, joint);
  }
  return all;
}

const numbers = (values: readonly (number | null)[]): number[] => values.flatMap((value) => value ?? []);

function measuredChange(before: Measured, after: Measured): Change {
  const { scenario, name, unit } = before;
  return change({ scenario, name, unit }, numbers(before.values), numbers(after.values));
}

/** Returns the change of each program, and of all together. */
function cpuChanges(before: Measured, after: Measured): Change[] {
  const { scenario, name } = before;
  const programs = new Set([...before.samples, ...after.samples].flatMap(({ cpuSeconds }) => Object.keys(cpuSeconds)));
  const share = ({ samples }: Measured, program: string) =>
    spreadOf(micros(samples, program)).median / spreadOf(micros(samples)).median;
  const kept = [...programs].filter((of) => share(before, of) >= SHARE_MIN || share(after, of) >= SHARE_MIN).sort();
  return [...kept, undefined].flatMap((program) => {
    const [a, b] = [micros(before.samples, program), micros(after.samples, program)];
    if (a.length === 0 || b.length === 0) return [];
    const count = Math.min(...[...before.samples, ...after.samples].flatMap((each) => each.count || []));
    return [change({ scenario, name, unit: 'µs', program: program ?? 'all' }, a, b, (CPU_MS_MIN * 1_000) / count)];
  });
}

/** Returns a program's CPU for one item, in microseconds, of each sample; without a program that of all. */
function micros(samples: Measured['samples'], program?: string): number[] {
  return samples.flatMap(({ count, cpuSeconds }) => {
    const seconds = Object.entries(cpuSeconds).filter(([name]) => program === undefined || name === program);
    return count === 0 ? [] : [(seconds.reduce((sum, [, each]) => sum + each, 0) / count) * 1e6];
  });
}

function change(
  what: Pick<Change, 'scenario' | 'name' | 'unit' | 'program'>,
  a: readonly number[],
  b: readonly number[],
  exactTo = 0,
): Change {
  const ratio = spreadOf(b).median / spreadOf(a).median;
  const judged = what.program === undefined || !MEASURING.includes(what.program);
  // A rate is better when it is higher. Everything else (ms, µs, MB) is better when it is lower.
  return { ...what, a, b, ratio, verdict: judged ? verdictOf(a, b, exactTo, what.unit.endsWith('/s')) : 'same' };
}

function verdictOf(a: readonly number[], b: readonly number[], exactTo: number, moreIsBetter: boolean): Verdict {
  const [was, is] = [spreadOf(a), spreadOf(b)];
  const apart = is.min > was.max || is.max < was.min;
  if (!apart || Math.abs(is.median - was.median) <= Math.max(NOISE * was.median, exactTo)) return 'same';
  const verdict = is.median > was.median === moreIsBetter ? 'faster' : 'slower';
  return a.length > 1 && b.length > 1 ? verdict : `${verdict}?`;
}

/** Names what differs in the machines and settings of the runs. */
function unlike(runs: readonly Run[]): string[] {
  const differing = (what: string, of: (run: Run) => string | number | boolean | undefined): string[] => {
    const values = [...new Set(runs.map(of))];
    return values.length > 1 ? [`the runs differ in ${what}: ${values.join(', ')}`] : [];
  };
  return [
    ...differing('cores', ({ machine }) => machine.cores),
    ...differing('model', ({ machine }) => machine.model),
    ...differing("Bun's version", ({ machine }) => machine.bun),
    ...differing('load tool', ({ machine }) => machine.load),
    ...differing('rounds', ({ settings }) => settings.rounds),
    ...differing('seconds of a round', ({ settings }) => settings.seconds),
    ...differing('partitions', ({ settings }) => settings.partitions),
    ...differing('quick', ({ settings }) => settings.quick),
    ...differing('large', ({ settings }) => settings.large),
  ];
}

function failedScenarios(side: string, runs: readonly Run[]): string[] {
  const names = [...new Set(runs.flatMap(({ failed }) => failed))];
  return names.map((name) => `the scenario ${name} failed in ${side}`);
}

/** Requests that fail are not in the rate: a program that refuses some may look faster. */
function newFailures(both: readonly (readonly [Measured, Measured])[]): string[] {
  const failed = ({ samples }: Measured) => samples.reduce((sum, sample) => sum + sample.failed, 0);
  return both.flatMap(([before, after]) => {
    if (failed(after) === 0 || failed(before) > 0) return [];
    return [`${failed(after)} requests failed in B and none in A: ${after.scenario}, ${after.name}`];
  });
}

/** The floor has none of our code: if it takes more or less CPU than before, the machine is another one. */
function otherFloors(cpu: readonly Change[]): string[] {
  return cpu
    .filter(({ program, verdict }) => program === 'floor' && verdict !== 'same')
    .map(
      ({ scenario, name, ratio }) => `${scenario}: ${name} takes ${ratio.toFixed(2)} times the CPU in B: so may all`,
    );
}
