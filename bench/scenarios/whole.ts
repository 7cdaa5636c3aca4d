/**
 * Measures the whole system: creates until they are stored and indexed, all on the same cores. The CPU of each program
 * for one message is compared with that of the raw stages (HTTP floor, INCR, publish, INSERT, bulk), the load's own
 * included; the rate with what the cores could do if a message took no more than the raw stages.
 */
import { type Contender, type Context, interleaved, type Scenario, watched } from '../context.ts';
import { bulkBodies, rawBulk, warmElasticsearch } from '../floors/elasticsearch.ts';
import { HttpFloors } from '../floors/http.ts';
import { rawInserts } from '../floors/mysql.ts';
import { rawPublishes } from '../floors/rabbitmq.ts';
import { rawDraws } from '../floors/redis.ts';
import { load, usualTool } from '../load/load.ts';
import { CORES } from '../measure/processes.ts';
import { cpuEach, type Measurement, rate } from '../measure/result.ts';
import { cpuPerItem, rateOf, type Sample } from '../measure/sample.ts';
import { spreadOf } from '../measure/statistics.ts';
import { RAW_STAGES, stagesTogether } from '../measure/whole-cost.ts';
import { creates, newChats, settled, workerTotals } from '../system.ts';

/** With more connections the system's batches are larger, and a message takes less CPU. The targets are for 256. */
const CONNECTIONS = [64, 256, 1_024] as const;
const TARGET_AT = 256;
/**
 * The rate over 64 connections counts as sustained. `lag` sends half of it at fixed times, in batches about as small.
 */
const SUSTAINED_AT = 64;
/** Rounds of the numbers of connections that have no target. */
const ROUNDS_OF_OTHERS = 2;
const CPU_US_MAX = 165;
const ELASTICSEARCH_US_MAX = 35;
const ROWS = 50_000;
const DOCUMENTS = 20_000;

export const whole: Scenario = {
  name: 'whole',
  description: 'creates stored and indexed: CPU for a message by program, against the raw stages',
  run: async (context) => {
    const { quick, known, stack } = context;
    const chats = await newChats(stack.ingest, 10, 5);
    const stages = await rawStages(context, chats);
    const rounds = new Map<number, Sample[]>(CONNECTIONS.map((connections) => [connections, []]));
    for (let round = 0; round <= context.rounds; round += 1) {
      for (const [connections, samples] of rounds) {
        if (connections !== TARGET_AT && (quick || round > ROUNDS_OF_OTHERS)) continue;
        const sample = await wholeRound(context, chats, quick || round === 0 ? 5 : 10, connections);
        const rateNow = Math.round(rateOf(sample));
        context.say(`round ${round}: ${rateNow} messages/s created, stored and indexed, ${connections} connections`);
        if (round > 0) samples.push(sample);
      }
    }
    const sustained = rounds.get(SUSTAINED_AT) ?? [];
    if (sustained.length > 0) known.sustainedPerSecond = spreadOf(sustained.map(rateOf)).median;
    const all = stagesTogether([...stages].map(([name, samples]) => ({ samples, programs: STAGES[name] })));
    const micros = all.map((sample) => cpuPerItem(sample) * 1e6);
    const common = { scenario: 'whole', unit: 'messages/s' };
    return [
      ...[...stages].map(([name, samples]) => rate({ ...common, name: `stage: ${name}` }, samples)),
      { scenario: 'whole', name: RAW_STAGES, unit: 'µs', values: micros, samples: all },
      ...[...rounds].flatMap(([connections, samples]) =>
        samples.length === 0 ? [] : wholeRows(connections, samples, spreadOf(micros).median),
      ),
    ];
  },
};

/** Compares the CPU and the rate with those of the raw stages. The two ratios differ if programs wait. */
function wholeRows(connections: number, samples: readonly Sample[], stagesMicros: number): Measurement[] {
  const common = { scenario: 'whole', at: { connections } };
  const micros = samples.map((sample) => cpuPerItem(sample) * 1e6);
  const allowed = (CORES / stagesMicros) * 1e6;
  const isAim = connections === TARGET_AT;
  return [
    {
      ...{ ...common, name: `CPU for one message, all programs, ${connections} connections`, unit: 'µs' },
      ...{ values: micros, samples },
      ratio: { to: 'the raw stages’ CPU', values: micros.map((each) => each / stagesMicros) },
      ...(isAim && { target: { atMost: CPU_US_MAX } }),
    },
    cpuEach(
      {
        ...common,
        name: `Elasticsearch’s CPU for one message, ${connections} connections`,
        ...(isAim && { target: { atMost: ELASTICSEARCH_US_MAX } }),
      },
      { program: 'elasticsearch', samples },
    ),
    {
      ...{ ...common, name: `created, stored and indexed, ${connections} connections`, unit: 'messages/s' },
      ...{ values: samples.map(rateOf), samples: [] },
      ratio: {
        to: `${CORES} cores / ${stagesMicros.toFixed(0)} µs`,
        values: samples.map((sample) => rateOf(sample) / allowed),
      },
    },
  ];
}

/** The raw stages, the programs that do each, and which program does the same work in the whole system. */
const STAGES = {
  'HTTP floor': { load: 'load', floor: 'ingest' },
  'INCR by pipelines': { redis: 'redis', bench: 'ingest' },
  'confirmed publish, one message each': { rabbitmq: 'rabbitmq', bench: 'ingest' },
  'INSERT of 1,000 rows each': { mysql: 'mysql', bench: 'worker' },
  bulk: { elasticsearch: 'elasticsearch', bench: 'worker' },
} as const satisfies Record<string, Readonly<Record<string, string>>>;

async function rawStages(
  context: Context,
  chats: readonly string[],
): Promise<ReadonlyMap<keyof typeof STAGES, Sample[]>> {
  const { stack, seconds } = context;
  const floors = new HttpFloors();
  const bare = await floors.open('bare');
  const { redis, rabbitmq, mysql, elasticsearch } = stack.servers;
  const bodies = bulkBodies(DOCUMENTS);
  context.say('warming Elasticsearch');
  await warmElasticsearch(elasticsearch, bodies, DOCUMENTS);
  const targets = creates(chats);
  const runs: Record<keyof typeof STAGES, Contender['run']> = {
    'HTTP floor': () => load({ url: bare.url, connections: TARGET_AT, targets, seconds }, usualTool()),
    'INCR by pipelines': () => rawDraws(redis, seconds),
    'confirmed publish, one message each': () => rawPublishes(rabbitmq, seconds),
    'INSERT of 1,000 rows each': () => rawInserts(mysql, ROWS, 1),
    bulk: () => rawBulk(elasticsearch, bodies, DOCUMENTS),
  };
  const names = Object.keys(runs) as (keyof typeof STAGES)[];
  try {
    const samples = await interleaved(
      context,
      names.map((name) => ({ name, run: runs[name], pids: { floor: bare.pid } })),
    );
    return new Map(names.map((name) => [name, samples.get(name) ?? []]));
  } finally {
    await floors.close();
  }
}

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
    const done = await load({ url: stack.ingest, connections, targets: creates(chats), seconds }, usualTool());
    await settled(context, before, { rows: done.count, documents: done.count });
    return { ...done, seconds: (performance.now() - startedAt) / 1_000 };
  });
}
