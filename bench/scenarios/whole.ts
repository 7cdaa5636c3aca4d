/**
 * Measures the whole system: creates until they are stored and indexed, all on the same cores. The rate is compared
 * with what the raw stages (HTTP floor, INCR, publish, INSERT, bulk) allow together: the cores, divided by the sum of
 * the stages' CPU seconds for one message, the load's own included.
 */
import { type Contender, type Context, interleaved, type Scenario, watched } from '../context.ts';
import { bulkBodies, rawBulk } from '../floors/elasticsearch.ts';
import { HttpFloors } from '../floors/http.ts';
import { rawInserts } from '../floors/mysql.ts';
import { rawPublishes } from '../floors/rabbitmq.ts';
import { rawDraws } from '../floors/redis.ts';
import { hasWrk, load } from '../load/load.ts';
import { CORES } from '../measure/processes.ts';
import { type Measurement, rate } from '../measure/result.ts';
import { cpuPerItem, rateOf, type Sample } from '../measure/sample.ts';
import { spreadOf } from '../measure/statistics.ts';
import { creates, newChats, settled, workerTotals } from '../system.ts';

/** With more connections the system's batches are larger, and a message takes less CPU. The target is for 256. */
const CONNECTIONS = [64, 256, 1_024] as const;
const TARGET_AT = 256;
/**
 * The rate over 64 connections counts as sustained. `lag` sends shares of it at fixed times, in batches about as small.
 */
const SUSTAINED_AT = 64;
const SHARE = 0.8;
const ROWS = 50_000;
const DOCUMENTS = 20_000;

export const whole: Scenario = {
  name: 'whole',
  description: 'creates stored and indexed, sustained, against the sum of the raw stages’ CPU',
  run: async (context) => {
    const { stack, quick, known } = context;
    const chats = await newChats(stack.ingest, 10, 5);
    const stages = await rawStages(context, chats);
    const rounds = new Map<number, Sample[]>(CONNECTIONS.map((connections) => [connections, []]));
    for (let round = 0; round <= context.rounds; round += 1) {
      for (const [connections, samples] of rounds) {
        const sample = await wholeRound(context, chats, quick || round === 0 ? 5 : 10, connections);
        const rateNow = Math.round(rateOf(sample));
        context.say(`round ${round}: ${rateNow} messages/s created, stored and indexed, ${connections} connections`);
        if (round > 0) samples.push(sample);
      }
    }
    known.sustainedPerSecond = spreadOf((rounds.get(SUSTAINED_AT) ?? []).map(rateOf)).median;
    const sum = [...stages.values()].reduce((total, samples) => total + medianCost(samples), 0);
    const common = { scenario: 'whole', unit: 'messages/s' };
    const rows = [...stages].map(([name, samples]) => rate({ ...common, name: `stage: ${name}` }, samples));
    return [...rows, ...[...rounds].flatMap(([connections, samples]) => wholeRows(connections, samples, sum))];
  },
};

/** Compares the rate and the CPU with those of the raw stages. The two ratios differ if programs wait. */
function wholeRows(connections: number, samples: readonly Sample[], sum: number): Measurement[] {
  const common = { scenario: 'whole', at: { connections } };
  const byTime = samples.map((sample) => rateOf(sample) / (CORES / sum));
  const byCpu = samples.map((sample) => sum / cpuPerItem(sample));
  const allowed = `${CORES} cores / ${(sum * 1e6).toFixed(0)} µs`;
  const target = connections === TARGET_AT ? { target: SHARE } : {};
  return [
    {
      ...rate(
        { ...common, unit: 'messages/s', name: `created, stored and indexed, ${connections} connections` },
        samples,
      ),
      ratio: { to: allowed, values: byTime, ...target },
    },
    {
      ...{ ...common, name: `CPU for one message, all programs, ${connections} connections`, unit: 'µs', samples: [] },
      values: samples.map((sample) => cpuPerItem(sample) * 1e6),
      ratio: { to: 'sum of the stages’ CPU', values: byCpu },
    },
  ];
}

const medianCost = (samples: readonly Sample[]): number => spreadOf(samples.map((sample) => cpuPerItem(sample))).median;

async function rawStages(context: Context, chats: readonly string[]): Promise<ReadonlyMap<string, Sample[]>> {
  const { stack, seconds } = context;
  const floors = new HttpFloors();
  const bare = await floors.open('bare');
  const { redis, rabbitmq, mysql, elasticsearch } = stack.servers;
  const bodies = bulkBodies(DOCUMENTS);
  const contenders: Contender[] = [
    {
      name: 'HTTP floor',
      pids: { floor: bare.pid },
      run: () => load({ url: bare.url, connections: TARGET_AT, targets: creates(chats), seconds }, tool()),
    },
    { name: 'INCR by pipelines', run: () => rawDraws(redis, seconds) },
    { name: 'confirmed publish, one message each', run: () => rawPublishes(rabbitmq, seconds) },
    { name: 'INSERT of 1,000 rows each', run: () => rawInserts(mysql, ROWS, 1) },
    { name: 'bulk', run: () => rawBulk(elasticsearch, bodies, DOCUMENTS) },
  ];
  try {
    return await interleaved(context, contenders);
  } finally {
    await floors.close();
  }
}

const tool = () => (hasWrk() ? 'wrk' : 'autocannon');

/** Sends creates for `seconds` and waits until the last of them is indexed; all of this time counts. */
export async function wholeRound(
  context: Context,
  chats: readonly string[],
  seconds: number,
  connections: number = SUSTAINED_AT,
): Promise<Sample> {
  const { stack } = context;
  const before = await workerTotals(stack.worker);
  return watched(context, async () => {
    const startedAt = performance.now();
    const done = await load({ url: stack.ingest, connections, targets: creates(chats), seconds }, tool());
    await settled(context, before, { rows: done.count, documents: done.count });
    return { ...done, seconds: (performance.now() - startedAt) / 1_000 };
  });
}
