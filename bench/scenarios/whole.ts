/**
 * The whole system: creates until they are stored and indexed, everything at once on the same cores. It is held against
 * what the raw stages allow together: the cores, divided by the sum of the CPU seconds that each stage takes for one
 * message, the load's own included.
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

const CONNECTIONS = 64;
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
    const rounds: Sample[] = [];
    for (let round = 0; round <= context.rounds; round += 1) {
      const sample = await wholeRound(context, chats, quick || round === 0 ? 5 : 15);
      context.say(`round ${round}: ${Math.round(rateOf(sample))} messages/s created, stored and indexed`);
      if (round > 0) rounds.push(sample);
    }
    known.sustainedPerSecond = spreadOf(rounds.map(rateOf)).median;
    const common = { scenario: 'whole', unit: 'messages/s' };
    const rows = [...stages].map(([name, samples]) => rate({ ...common, name: `stage: ${name}` }, samples));
    const sum = [...stages.values()].reduce((total, samples) => total + medianCost(samples), 0);
    const name = `created, stored and indexed, ${CONNECTIONS} connections`;
    const byTime = rounds.map((sample) => rateOf(sample) / (CORES / sum));
    const byCpu = rounds.map((sample) => sum / cpuPerItem(sample));
    const allowed = `${CORES} cores / ${(sum * 1e6).toFixed(0)} µs`;
    return [
      ...rows,
      { ...rate({ ...common, name }, rounds), ratio: { to: allowed, values: byTime, target: SHARE } },
      {
        ...{ scenario: 'whole', name: 'CPU for one message, all programs', unit: 'µs', samples: [] },
        values: rounds.map((sample) => cpuPerItem(sample) * 1e6),
        ratio: { to: 'sum of the stages’ CPU', values: byCpu },
      } satisfies Measurement,
    ];
  },
};

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
      run: () => load({ url: bare.url, connections: CONNECTIONS, targets: creates(chats), seconds }, tool()),
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

/** So many seconds of creates, and the time until the last of them is indexed. */
export async function wholeRound(context: Context, chats: readonly string[], seconds: number): Promise<Sample> {
  const { stack } = context;
  const before = await workerTotals(stack.worker);
  return watched(context, async () => {
    const startedAt = performance.now();
    const done = await load({ url: stack.ingest, connections: CONNECTIONS, targets: creates(chats), seconds }, tool());
    await settled(context, before, { rows: done.count, documents: done.count });
    return { ...done, seconds: (performance.now() - startedAt) / 1_000 };
  });
}
