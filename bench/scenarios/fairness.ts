/** How much slower an application's creates become while another one sends ten times what it may. */
import { until } from '@parley/testing';
import { type Contender, interleaved, type Scenario } from '../context.ts';
import { openLoop } from '../load/open-loop.ts';
import type { Measurement } from '../measure/result.ts';
import { limitMessages } from '../mode.ts';
import { newChats } from '../system.ts';
import { calm, tokenOf } from './keys.ts';

const LIMIT_PER_SECOND = 500;
const TIMES_OVER = 10;
const P99_TIMES_MAX = 1.5;

export const fairness: Scenario = {
  name: 'fairness',
  description: 'creates of one application, alone and beside another that sends ten times its limit',
  run: async (context) => {
    const { stack, seconds } = context;
    const [mine, theirs] = [await newChats(stack.ingest, 1, 5), await newChats(stack.ingest, 1, 5)];
    await until('the greedy application is stored', () => isStored(`${stack.api}${theirs[0]}`), 30_000);
    await limitMessages(stack, tokenOf(theirs), LIMIT_PER_SECOND);
    await until('the limit takes effect', () => isLimited(`${stack.ingest}${theirs[0]}/messages`), 30_000);
    let greedy: Promise<unknown> = Promise.resolve();
    const granted: number[] = [];
    const beside: Contender = {
      name: 'create beside an application at ten times its limit',
      prepare: async () => {
        greedy = openLoop({
          ...{ ingest: stack.ingest, api: stack.api, chats: theirs, perSecond: LIMIT_PER_SECOND * TIMES_OVER },
          ...{ seconds: seconds + 2, followedPerSecond: 0 },
        }).then(({ created, seconds: passed }) => granted.push(created / passed));
        greedy.catch(() => {}); // `after` reports it
        await Bun.sleep(1_000);
      },
      run: () => calm(context, mine),
      after: async () => {
        await greedy;
      },
    };
    const alone: Contender = { name: 'create alone', run: () => calm(context, mine) };
    const all = await interleaved(context, [alone, beside]);
    const p99 = ({ name }: Contender) => (all.get(name) ?? []).map(({ latency }) => latency?.p99 ?? Number.NaN);
    const times = p99(beside).map((value, round) => value / (p99(alone)[round] ?? Number.NaN));
    const row = (name: string, unit: string, values: readonly number[], rest: Partial<Measurement> = {}) => ({
      ...{ scenario: 'fairness', name, unit, values, samples: [], ...rest },
    });
    return [
      row(`${alone.name}, p99`, 'ms', p99(alone), { samples: all.get(alone.name) ?? [] }),
      row(`${beside.name}, p99`, 'ms', p99(beside), { samples: all.get(beside.name) ?? [] }),
      row('p99 beside over alone', '×', times, { target: { atMost: P99_TIMES_MAX } }),
      row(`granted to the greedy one, limit ${LIMIT_PER_SECOND}/s`, '/s', granted.slice(1)),
    ];
  },
};

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
