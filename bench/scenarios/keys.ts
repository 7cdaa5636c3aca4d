/**
 * What keys cost: the CPU of ingest for a single create with keys on against open mode; and how much a flood of unknown
 * keys slows creates, against the same flood with one valid key.
 */
import { newSecretKey, type Token } from '@parley/domain';
import { type Contender, type Context, interleaved, type Scenario } from '../context.ts';
import { hasWrk, load, type Target, usualTool } from '../load/load.ts';
import { openLoop } from '../load/open-loop.ts';
import { cpuOver, type Measurement, microsEach } from '../measure/result.ts';
import type { Done } from '../measure/sample.ts';
import { newKeyOf, setKeyed } from '../mode.ts';
import { creates, newChats, withoutWorker } from '../system.ts';

const CONNECTIONS = 256;
/** Keys on may take 3 % more of ingest's CPU than open mode. */
const OVER_OPEN_MAX = 1.03;
const FLOOD_CONNECTIONS = 32;
const UNKNOWN_KEYS = 50_000;
const CALM_PER_SECOND = 500;
const LOOKUPS_PER_SECOND_MAX = 10;

export const keys: Scenario = {
  name: 'keys',
  description: 'single creates with keys on against open mode; beside a flood of unknown keys against one valid key',
  run: (context) =>
    withoutWorker(context, async () => {
      const { stack } = context;
      const chats = await newChats(stack.ingest, 1, 50);
      const token = tokenOf(chats);
      const authorization = await newKeyOf(stack, token);
      try {
        return [
          ...(await cost(context, creates(chats), authorization)),
          ...(hasWrk() ? await floods(context, chats, token, authorization) : []),
        ];
      } finally {
        await setKeyed(stack, false);
      }
    }),
};

export function tokenOf([chat = '']: readonly string[]): Token {
  return chat.split('/')[3] ?? '';
}

function withHeader(targets: readonly Target[], authorization: string): Target[] {
  return targets.map((target) => ({
    ...target,
    headers: { 'content-type': 'application/json', authorization },
  }));
}

/** The header itself costs too: so open mode is measured with it as well. Nobody looks at it there. */
async function cost(context: Context, targets: readonly Target[], authorization: string): Promise<Measurement[]> {
  const { stack, seconds } = context;
  const tool = usualTool();
  const contender = (name: string, keyed: boolean, all: readonly Target[]): Contender => ({
    name,
    prepare: () => setKeyed(stack, keyed),
    run: () => load({ url: stack.ingest, connections: CONNECTIONS, targets: all, seconds, status: 201 }, tool),
  });
  const open = contender('creates, open', false, targets);
  const sent = contender('creates, open, with the header', false, withHeader(targets, authorization));
  const keyed = contender('creates, keys on', true, withHeader(targets, authorization));
  const all = await interleaved(context, [open, sent, keyed]);
  const ingest = ({ name }: Contender) => ({ program: 'ingest', samples: all.get(name) ?? [] });
  const over = (other: Contender, limit: { readonly atMost?: number } = {}) => {
    const what = { scenario: 'keys', name: `ingest’s CPU, keys on over ${other.name.replace('creates, ', '')}` };
    return cpuOver(what, ingest(keyed), { to: other.name, ...ingest(other), ...limit });
  };
  return [
    ...[open, sent, keyed].map((each): Measurement => {
      const { samples } = ingest(each);
      return {
        ...{ scenario: 'keys', name: `ingest’s CPU, ${each.name}`, unit: 'µs', samples },
        values: microsEach(ingest(each)),
      };
    }),
    over(open),
    over(sent, { atMost: OVER_OPEN_MAX }),
  ];
}

/**
 * Creates at fixed times with a known key, beside two floods: of unknown keys, each of a right shape, and of one valid
 * key. Only wrk can send them: autocannon counts an expected 401 as a failure.
 */
async function floods(
  context: Context,
  chats: readonly string[],
  token: Token,
  authorization: string,
): Promise<Measurement[]> {
  const { stack, seconds } = context;
  await setKeyed(stack, true);
  const [create] = creates(chats);
  if (create === undefined) throw new Error('there is no chat');
  const unknown = Array.from({ length: UNKNOWN_KEYS }, () =>
    withHeader([create], `Bearer ${newSecretKey(token)}`),
  ).flat();
  const lookups: number[] = [];
  let flooding: Promise<unknown> = Promise.resolve();
  const contender = (name: string, targets: readonly Target[], status: number): Contender => ({
    name,
    prepare: async () => {
      const before = await lookupsOf(stack.ingest);
      const since = performance.now();
      const options = { url: stack.ingest, connections: FLOOD_CONNECTIONS, targets, seconds: seconds + 2, status };
      flooding = load(options, 'wrk').then(async () => {
        if (status !== 401) return;
        lookups.push(((await lookupsOf(stack.ingest)) - before) / ((performance.now() - since) / 1_000));
      });
      flooding.catch(() => {}); // `after` reports it
      await Bun.sleep(1_000);
    },
    run: () => calm(context, chats, authorization),
    after: async () => {
      await flooding;
    },
  });
  const one = contender('create beside a flood with one valid key', withHeader([create], authorization), 201);
  const many = contender('create beside a flood of unknown keys', unknown, 401);
  const all = await interleaved(context, [one, many]);
  const p99 = (name: string) => (all.get(name) ?? []).map(({ latency }) => latency?.p99 ?? Number.NaN);
  const row = ({ name }: Contender): Measurement => ({
    ...{ scenario: 'keys', name: `${name}, p99`, unit: 'ms', values: p99(name), samples: all.get(name) ?? [] },
  });
  const times = p99(many.name).map((value, round) => value / (p99(one.name)[round] ?? Number.NaN));
  return [
    row(one),
    row(many),
    {
      scenario: 'keys',
      name: 'p99 of the second over the first',
      unit: '×',
      values: times,
      samples: [],
      target: { atMost: 1 },
    },
    {
      ...{ scenario: 'keys', name: 'look-ups of unknown keys', unit: '/s', values: lookups.slice(1), samples: [] },
      target: { atMost: LOOKUPS_PER_SECOND_MAX },
    },
  ];
}

export async function calm(
  { stack, seconds }: Context,
  chats: readonly string[],
  authorization?: string,
): Promise<Done> {
  const report = await openLoop({
    ...{ ingest: stack.ingest, api: stack.api, chats, perSecond: CALM_PER_SECOND, seconds, followedPerSecond: 0 },
    ...(authorization !== undefined && { authorization }),
  });
  const { created, refused, create, cpuSeconds } = report;
  return { count: created, failed: refused, latency: create, cpuSeconds: { load: cpuSeconds } };
}

async function lookupsOf(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^parley_access_lookups_total(?:\{[^}]*\})? (\S+)$/m.exec(text)?.[1] ?? 0);
}
