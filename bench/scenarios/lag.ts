/**
 * Measures how long after its acknowledgement a message can be read and found: at a fixed rate, and at half of the
 * sustained rate, which differs from machine to machine and from version to version.
 */
import { type Context, type Scenario, watched } from '../context.ts';
import { type OpenLoopReport, openLoop } from '../load/open-loop.ts';
import type { Measurement } from '../measure/result.ts';
import { type Latency, rateOf, type Sample } from '../measure/sample.ts';
import { latencyOf } from '../measure/statistics.ts';
import { newChats, settled, workerTotals } from '../system.ts';
import { wholeRound } from './whole.ts';

const FIXED_PER_SECOND = 2_000;
const HALF = 0.5;
/** Rounds of the rate that has no target. */
const ROUNDS_AT_HALF = 2;
const READABLE_P99_MS = 50;
const SEARCHABLE_P99_MS = 1_500;
const FOLLOWED_PER_SECOND = 30;
const REST_MS = 3_000;

/** A rate at which creates arrive. */
interface Rate {
  readonly name: string;
  readonly perSecond: number;
  readonly rounds: number;
  readonly hasTargets: boolean;
}

export const lag: Scenario = {
  name: 'lag',
  description: 'created → readable and → searchable at 2,000 creates/s and at half load, arrivals at fixed times',
  run: async (context) => {
    const chats = await newChats(context.stack.ingest, 10, 5);
    // Warms up the programs and Java, too.
    const top = rateOf(await wholeRound(context, chats, 10));
    const half = Math.round((context.known.sustainedPerSecond ?? top) * HALF);
    const rates: readonly Rate[] = [
      {
        ...{ name: `${FIXED_PER_SECOND.toLocaleString('en')}/s`, perSecond: FIXED_PER_SECOND },
        ...{ rounds: context.rounds, hasTargets: true },
      },
      {
        ...{ name: 'half of the sustained rate', perSecond: half },
        ...{ rounds: Math.min(context.rounds, ROUNDS_AT_HALF), hasTargets: false },
      },
    ];
    const measurements: Measurement[] = [];
    for (const one of rates) measurements.push(...rowsOf(await roundsAt(context, chats, one), one));
    return measurements;
  },
};

/** Measures some rounds, after one that warms up and does not count. */
async function roundsAt(context: Context, chats: readonly string[], { perSecond, rounds }: Rate): Promise<Round[]> {
  const all: Round[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const before = await workerTotals(context.stack.worker);
    const one = await oneRound(context, chats, perSecond);
    if (round > 0) all.push(one);
    // A round must not inherit a backlog.
    await settled(context, before, { rows: one.report.created, documents: one.report.created });
    const { readable, searchable } = one.report;
    context.say(
      `${perSecond}/s: readable p99 ${readable.p99.toFixed(0)} ms, searchable p99 ${searchable.p99.toFixed(0)} ms`,
    );
    await Bun.sleep(REST_MS);
  }
  return all;
}

interface Round {
  readonly report: OpenLoopReport;
  readonly sample: Sample;
}

async function oneRound(context: Context, chats: readonly string[], perSecond: number): Promise<Round> {
  const { stack, quick } = context;
  let report: OpenLoopReport | undefined;
  const sample = await watched(context, async () => {
    report = await openLoop({
      ...{ ingest: stack.ingest, api: stack.api, chats, perSecond },
      ...{ seconds: quick ? 5 : 20, followedPerSecond: FOLLOWED_PER_SECOND },
    });
    return { count: report.created, failed: report.refused, cpuSeconds: { load: report.cpuSeconds } };
  });
  if (report === undefined) throw new Error('the load told nothing');
  return { report, sample };
}

function rowsOf(rounds: readonly Round[], { name, perSecond, hasTargets }: Rate): Measurement[] {
  const neverFound = rounds.reduce((sum, { report }) => sum + report.neverFound, 0);
  const notes = [
    ...(hasTargets ? [] : [`${perSecond} creates a second`]),
    ...(neverFound > 0 ? [`${neverFound} not found within 30 s`] : []),
  ];
  const row = (what: string, of: (report: OpenLoopReport) => Latency, atMost?: number): Measurement => ({
    ...{ scenario: 'lag', name: `${what}, p99, at ${name}`, unit: 'ms', at: { perSecond } },
    values: rounds.map(({ report }) => of(report).p99),
    samples: rounds.map(({ report, sample }) => ({ ...sample, latency: of(report) })),
    ...(atMost !== undefined && hasTargets && { target: { atMost } }),
    ...(notes.length > 0 && { note: notes.join('; ') }),
  });
  return [
    row('create answered', ({ create }) => create),
    row('created → readable', ({ readable }) => readable, READABLE_P99_MS),
    { ...row('created → searchable', ({ searchable }) => searchable, SEARCHABLE_P99_MS), values: [pooledP99(rounds)] },
  ];
}

/** Returns the 99th percentile of `searchable` over all rounds: a single round has too few messages for one. */
function pooledP99(rounds: readonly Round[]): number {
  return latencyOf(rounds.flatMap(({ report }) => report.searchableMs)).p99;
}
