/**
 * Measures how long after its acknowledgement a message can be read and found, at 25, 50 and 75 % of the sustained
 * rate.
 */
import { type Context, type Scenario, watched } from '../context.ts';
import { type OpenLoopReport, openLoop } from '../load/open-loop.ts';
import type { Measurement } from '../measure/result.ts';
import { type Latency, rateOf, type Sample } from '../measure/sample.ts';
import { latencyOf } from '../measure/statistics.ts';
import { newChats } from '../system.ts';
import { wholeRound } from './whole.ts';

const HALF = 0.5;
const SHARES = [0.25, HALF, 0.75];
const READABLE_P99_MS = 50;
const SEARCHABLE_P99_MS = 1_500;
const FOLLOWED_PER_SECOND = 30;
const REST_MS = 3_000;

export const lag: Scenario = {
  name: 'lag',
  description: 'created → readable and → searchable at 25, 50 and 75 % of the sustained speed, arrivals at fixed times',
  run: async (context) => {
    const { stack, say } = context;
    const chats = await newChats(stack.ingest, 10, 5);
    const top = context.known.sustainedPerSecond ?? rateOf(await wholeRound(context, chats, 10));
    const measurements: Measurement[] = [];
    for (const share of SHARES) {
      const perSecond = Math.round(top * share);
      const rounds: Round[] = [];
      // Only the rate that has targets (50 %) is measured in several rounds.
      for (let round = 0; round < (share === HALF ? context.rounds : 1); round += 1) {
        rounds.push(await oneRound(context, chats, perSecond));
        const { readable, searchable } = rounds.at(-1)?.report ?? {};
        say(
          `${perSecond}/s: readable p99 ${readable?.p99.toFixed(0)} ms, searchable p99 ${searchable?.p99.toFixed(0)} ms`,
        );
        await Bun.sleep(REST_MS);
      }
      measurements.push(...rowsOf(rounds, { share, perSecond }));
    }
    return measurements;
  },
};

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

function rowsOf(rounds: readonly Round[], at: { share: number; perSecond: number }): Measurement[] {
  const percent = `${at.share * 100} %: ${at.perSecond}/s`;
  const neverFound = rounds.reduce((sum, { report }) => sum + report.neverFound, 0);
  const row = (what: string, of: (report: OpenLoopReport) => Latency, atMost?: number): Measurement => ({
    ...{ scenario: 'lag', name: `${what}, p99, at ${percent}`, unit: 'ms', at },
    values: rounds.map(({ report }) => of(report).p99),
    samples: rounds.map(({ report, sample }) => ({ ...sample, latency: of(report) })),
    ...(atMost !== undefined && at.share === HALF && { target: { atMost } }),
    ...(neverFound > 0 && { note: `${neverFound} not found within 30 s` }),
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
