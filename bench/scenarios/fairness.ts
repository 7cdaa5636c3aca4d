/** How much slower an application's creates become while another one sends ten times what it may. */
import { until } from '@parley/testing';
import { type Contender, type Context, interleaved, type Scenario } from '../context.ts';
import { openLoop } from '../load/open-loop.ts';
import type { Measurement } from '../measure/result.ts';
import { limitMessages } from '../mode.ts';
import { newChats } from '../system.ts';
import { calm, tokenOf } from './keys.ts';

const LIMITS_PER_SECOND = [100, 500];
const TIMES_OVER = 10;
const P99_TIMES_MAX = 1.5;

export const fairness: Scenario = {
  name: 'fairness',
  description: 'creates of one application, beside another at its limit and beside one that sends ten times its limit',
  run: async (context) => {
    const rows: Measurement[] = [];
    for (const perSecond of LIMITS_PER_SECOND) rows.push(...(await beside(context, perSecond)));
    return rows;
  },
};

/** Both loads take CPU of the same machine. So the comparison is with the other application at its limit. */
async function beside(context: Context, limit: number): Promise<Measurement[]> {
  const { stack, seconds } = context;
  const [mine, theirs] = [await newChats(stack.ingest, 1, 5), await newChats(stack.ingest, 1, 5)];
  await until('the other application is stored', () => isStored(`${stack.api}${theirs[0]}`), 30_000);
  await limitMessages(stack, tokenOf(theirs), limit);
  await until('the limit takes effect', () => isLimited(`${stack.ingest}${theirs[0]}/messages`), 30_000);
  const granted: number[] = [];
  const contender = (name: string, perSecond: number): Contender => {
    let other: Promise<unknown> = Promise.resolve();
    return {
      name,
      prepare: async () => {
        if (perSecond === 0) return;
        const options = { ingest: stack.ingest, api: stack.api, chats: theirs, perSecond };
        other = openLoop({ ...options, seconds: seconds + 2, followedPerSecond: 0 }).then((report) => {
          if (perSecond > limit) granted.push(report.created / report.seconds);
        });
        other.catch(() => {}); // `after` reports it
        await Bun.sleep(1_000);
      },
      run: () => calm(context, mine),
      after: async () => {
        await other;
      },
    };
  };
  const alone = contender('create alone', 0);
  const fair = contender(`create beside an application at its limit, ${limit}/s`, limit);
  const greedy = contender(`create beside an application at ten times its limit, ${limit}/s`, limit * TIMES_OVER);
  const all = await interleaved(context, [alone, fair, greedy], Math.min(context.rounds, 3));
  const p99 = ({ name }: Contender) => (all.get(name) ?? []).map(({ latency }) => latency?.p99 ?? Number.NaN);
  const times = p99(greedy).map((value, round) => value / (p99(fair)[round] ?? Number.NaN));
  const row = (name: string, unit: string, values: readonly number[], rest: Partial<Measurement> = {}) => ({
    ...{ scenario: 'fairness', name, unit, values, samples: [], ...rest },
  });
  return [
    ...[alone, fair, greedy].map((each) =>
      row(`${each.name}, p99`, 'ms', p99(each), { samples: all.get(each.name) ?? [] }),
    ),
    row(`p99 at ten times the limit of ${limit}/s over at the limit`, '×', times, {
      target: { atMost: P99_TIMES_MAX },
    }),
    row(`granted of ten times ${limit}/s, with the first burst`, '/s', granted.slice(1)),
  ];
}

async function isStored(url: string): Promise<boolean> {
  return (await fetch(url)).ok;
}

async function isLimited(url: string): Promise<boolean> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ message_content: 'Is there a limit?' }),
  });
  await response.arrayBuffer();
  return response.headers.has('ratelimit');
}
