/** How long after its acknowledgement a message can be read and found, at shares of the sustained top speed. */
import { type Scenario, watched } from '../context.ts';
import { type OpenLoopReport, openLoop } from '../load/open-loop.ts';
import type { Measurement } from '../measure/result.ts';
import { type Latency, rateOf, type Sample } from '../measure/sample.ts';
import { newChats } from '../system.ts';
import { wholeRound } from './whole.ts';

const SHARES = [0.25, 0.5, 0.75];
const READABLE_P99_MS = 50;
const SEARCHABLE_P99_MS = 1_500;
const FOLLOWED_PER_SECOND = 30;
const REST_MS = 3_000;

export const lag: Scenario = {
  name: 'lag',
  description: 'created → readable and → searchable at 25, 50 and 75 % of the sustained speed, arrivals at fixed times',
  run: async (context) => {
    const { stack, quick, say } = context;
    const chats = await newChats(stack.ingest, 10, 5);
    const top = context.known.sustainedPerSecond ?? rateOf(await wholeRound(context, chats, 10));
    const measurements: Measurement[] = [];
    for (const share of SHARES) {
      const perSecond = Math.round(top * share);
      let report: OpenLoopReport | undefined;
      const sample = await watched(context, async () => {
        report = await openLoop({
          ...{ ingest: stack.ingest, api: stack.api, chats, perSecond },
          ...{ seconds: quick ? 5 : 20, followedPerSecond: FOLLOWED_PER_SECOND },
        });
        return { count: report.created, failed: report.refused, cpuSeconds: { load: report.cpuSeconds } };
      });
      if (report === undefined) continue;
      say(
        `${perSecond}/s: readable p99 ${report.readable.p99.toFixed(0)} ms, searchable p99 ${report.searchable.p99.toFixed(0)} ms`,
      );
      measurements.push(...rowsOf(report, sample, { share, perSecond }));
      await Bun.sleep(REST_MS);
    }
    return measurements;
  },
};

function rowsOf(report: OpenLoopReport, sample: Sample, at: { share: number; perSecond: number }): Measurement[] {
  const percent = `${at.share * 100} %: ${at.perSecond}/s`;
  const row = (what: string, latency: Latency, atMost?: number): Measurement => ({
    ...{ scenario: 'lag', name: `${what}, p99, at ${percent}`, unit: 'ms', values: [latency.p99], at },
    samples: [{ ...sample, latency }],
    ...(atMost !== undefined && at.share === 0.5 && { target: { atMost } }),
    ...(report.neverFound > 0 && { note: `${report.neverFound} not found within 30 s` }),
  });
  return [
    row('create answered', report.create),
    row('created → readable', report.readable, READABLE_P99_MS),
    row('created → searchable', report.searchable, SEARCHABLE_P99_MS),
  ];
}
