/** Measures whether creates become slower while many deleted messages are removed. */
import { until } from '@parley/testing';
import { type Contender, type Context, interleaved, type Scenario } from '../context.ts';
import { insertMessages, withMysql } from '../floors/mysql.ts';
import { openLoop } from '../load/open-loop.ts';
import type { Done } from '../measure/sample.ts';
import { rateOf } from '../measure/sample.ts';
import { newChats } from '../system.ts';
import { wholeRound } from './whole.ts';

const HALF = 0.5;
/** In all rounds together; the larger number with --large. */
const MESSAGES = [1_000_000, 10_000_000] as const;
const FILL_LANES = 4;
const PURGED_WITHIN_MS = 3_600_000;

export const purge: Scenario = {
  name: 'purge',
  description:
    'creates at half of the sustained speed, beside the removal of a million deleted messages (ten with --large) and without',
  run: async (context) => {
    const { stack, rounds, seconds, large, say } = context;
    const chats = await newChats(stack.ingest, 10, 5);
    const top = context.known.sustainedPerSecond ?? rateOf(await wholeRound(context, chats, 10));
    const perSecond = Math.round(top * HALF);
    const create = async (): Promise<Done> => {
      const followed = { followedPerSecond: 0 };
      const report = await openLoop({ ingest: stack.ingest, api: stack.api, chats, perSecond, seconds, ...followed });
      const { created, refused, cpuSeconds } = report;
      return { count: created, failed: refused, latency: report.create, cpuSeconds: { load: cpuSeconds } };
    };
    const each = Math.ceil(MESSAGES[large ? 1 : 0] / (rounds + 1)); // the round that warms up removes some too
    const removal = new Removal(context, each);
    const [alone, beside] = ['creates alone', 'creates beside a purge'];
    const contenders: Contender[] = [
      { name: alone, run: create },
      { name: beside, run: create, prepare: () => removal.begin(), after: () => removal.ended() },
    ];
    const samples = await interleaved(context, contenders);
    for (const [round, rate] of removal.rates.entries()) say(`removal ${round}: ${Math.round(rate)} rows/s`);
    const p99 = (name: string) => (samples.get(name) ?? []).map(({ latency }) => latency?.p99 ?? Number.NaN);
    const at = { perSecond };
    return [
      {
        scenario: 'purge',
        name: `${alone}, p99`,
        unit: 'ms',
        values: p99(alone),
        samples: samples.get(alone) ?? [],
        at,
      },
      {
        ...{ scenario: 'purge', name: `${beside}, p99`, unit: 'ms', values: p99(beside), at },
        samples: samples.get(beside) ?? [],
        ...(removal.early > 0 && { note: `in ${removal.early} rounds the removal ended before the creates` }),
      },
      { scenario: 'purge', name: 'rows removed', unit: 'rows/s', values: removal.rates.slice(1), samples: [], at },
    ];
  },
};

/** Fills an application, deletes it, and waits until its rows are removed. */
class Removal {
  /** Rows a second, from the delete to the end. */
  readonly rates: number[] = [];
  /** How many removals had ended before the round beside them. */
  early = 0;
  #deletedAt = 0;

  constructor(
    private readonly context: Context,
    private readonly messages: number,
  ) {}

  async begin(): Promise<void> {
    const { stack, say } = this.context;
    say(`filling in ${this.messages.toLocaleString('en')} messages`);
    const [path = ''] = await newChats(stack.ingest, 1, 1);
    const [, , , token = ''] = path.split('/');
    await until('its chat is stored', async () => (await fetch(`${stack.api}${path}`)).ok, 30_000);
    await fill(stack.servers.mysql, token, this.messages);
    this.#deletedAt = performance.now();
    const answer = await fetch(`${stack.api}/api/applications/${token}`, { method: 'DELETE' });
    if (answer.status !== 204) throw new Error(`the delete was answered ${answer.status}`);
    await until('the purge has begun', async () => (await this.#tasks()) > 0 || (await this.#isEmpty()), 30_000);
  }

  async ended(): Promise<void> {
    if (await this.#isEmpty()) this.early += 1;
    await until('the purge has ended', () => this.#isEmpty(), PURGED_WITHIN_MS);
    this.rates.push(this.messages / ((performance.now() - this.#deletedAt) / 1_000));
  }

  async #tasks(): Promise<number> {
    const text = await (await fetch(`${this.context.stack.worker}/metrics`)).text();
    return Number(/^parley_purge_tasks(?:\{[^}]*\})? (\S+)$/m.exec(text)?.[1] ?? 0);
  }

  /** Asks MySQL: the worker's metric may be a second old. */
  #isEmpty(): Promise<boolean> {
    return withMysql(this.context.stack.servers.mysql, async (connection) => {
      const [rows] = await connection.query('SELECT 1 FROM purges LIMIT 1');
      return (rows as unknown[]).length === 0;
    });
  }
}

async function fill(url: string, token: string, count: number): Promise<void> {
  const share = Math.ceil(count / FILL_LANES);
  const lanes = Array.from({ length: FILL_LANES }, (_, lane) =>
    withMysql(url, (connection) => {
      const first = 1 + lane * share;
      return insertMessages(connection, { token, chat: 1, first, count: Math.min(share, count - first + 1) });
    }),
  );
  await Promise.all(lanes);
}
