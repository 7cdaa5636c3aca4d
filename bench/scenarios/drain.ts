/**
 * Measures how fast a worker stores a backlog, compared with plain multi-row INSERTs of the same columns; and how fast
 * it indexes stored messages, compared with plain bulk requests. Storing is measured without search, because the
 * indexer would use CPU; the scenario `whole` measures both together.
 */
import { until } from '@parley/testing';
import { type Context, type Scenario, watched } from '../context.ts';
import { bulkBodies, rawBulk, warmElasticsearch } from '../floors/elasticsearch.ts';
import { rawJsonTable, rawLoadData, rawPrepared } from '../floors/insert-shapes.ts';
import { rawInserts, withMysql } from '../floors/mysql.ts';
import { load } from '../load/load.ts';
import { cpuEach, type Measurement, rate } from '../measure/result.ts';
import { type Done, rateOf, type Sample } from '../measure/sample.ts';
import { OwnWorker } from '../own-worker.ts';
import { batches, creates, newChats, purge, SETTLED_WITHIN_MS } from '../system.ts';

const APPLICATIONS = 24;
const STORE_SHARE = 0.8;
const STORE_SINGLE_SHARE = 0.9;
const INDEX_SHARE = 0.9;
/** What Elasticsearch may take for a document in requests of the floor. */
const BULK_CPU_US_MAX = 15;
const OWNERS_STORED_MS = 1_000;
/** If no document is indexed for this long, none is left to index. */
const NO_MORE_MS = 10_000;
const POLL_MS = 50;

export const drain: Scenario = {
  name: 'drain',
  description: 'a backlog from RabbitMQ into MySQL against raw INSERT, and from MySQL into the index against raw bulk',
  run: async (context) => {
    try {
      return [...(await storing(context)), ...(await indexing(context))];
    } finally {
      const { stack } = context;
      await withMysql(stack.servers.mysql, (connection) => connection.query('TRUNCATE TABLE batches'));
      await stack.start('worker-1');
    }
  },
};

async function storing(context: Context): Promise<Measurement[]> {
  const { stack, quick, large, say } = context;
  const rows = large ? 1_000_000 : quick ? 60_000 : 200_000;
  const rounds = quick ? 1 : context.rounds;
  const chats = await newChats(stack.ingest, APPLICATIONS, 1);
  await Bun.sleep(OWNERS_STORED_MS);
  await stack.stop('worker-1');
  const of: Record<string, Sample[]> = {};
  const contenders: Record<string, () => Promise<Sample | undefined>> = {
    batched: () => drainOf(context, () => backlogOfBatches(context, chats, rows)),
    single: () => drainOf(context, () => backlogOfSingles(context, chats, rows / 4)),
    one: () => watched(context, () => rawInserts(stack.servers.mysql, rows / 2, 1)),
    // Other ways to insert, which Parley does not use.
    ...(large && {
      four: () => watched(context, () => rawInserts(stack.servers.mysql, rows / 2, 4)),
      file: () => loadedData(context, rows / 2),
      prepared: () => watched(context, () => rawPrepared(stack.servers.mysql, rows / 10)),
      json: () => watched(context, () => rawJsonTable(stack.servers.mysql, rows / 10)),
    }),
  };
  for (let round = 0; round <= rounds; round += 1) {
    for (const [name, run] of Object.entries(contenders)) {
      const sample = await run();
      if (sample === undefined) continue;
      say(`${roundName(round, rounds)} ${name}: ${Math.round(rateOf(sample))} rows/s`);
      if (round > 0) of[name] = [...(of[name] ?? []), sample];
    }
  }
  const { batched = [], single = [], one = [], four = [], file = [], prepared = [], json = [] } = of;
  const common = { scenario: 'drain', unit: 'rows/s' };
  const against = { to: 'raw INSERT, 1 connection', samples: one };
  return [
    rate({ ...common, name: 'raw INSERT, 1,000 rows each, 1 connection' }, one),
    ...(four.length > 0
      ? [rate({ ...common, name: 'raw INSERT, 1,000 rows each, 4 connections' }, four, against)]
      : []),
    ...(file.length > 0 ? [rate({ ...common, name: 'LOAD DATA LOCAL' }, file, against)] : []),
    ...(prepared.length > 0 ? [rate({ ...common, name: 'prepared INSERT, 1,000 rows each' }, prepared, against)] : []),
    ...(json.length > 0 ? [rate({ ...common, name: 'INSERT from JSON_TABLE, 1,000 rows each' }, json, against)] : []),
    rate({ ...common, name: 'worker stores batches of 1,000' }, batched, { ...against, target: STORE_SHARE }),
    rate({ ...common, name: 'worker stores single creates' }, single, { ...against, target: STORE_SINGLE_SHARE }),
  ];
}

const roundName = (round: number, rounds: number): string => (round === 0 ? 'warm-up' : `round ${round}/${rounds}`);

async function loadedData(context: Context, rows: number): Promise<Sample | undefined> {
  const sample = await watched(context, async () => {
    return (await rawLoadData(context.stack.servers, rows)) ?? { count: 0 };
  });
  return sample.count > 0 ? sample : undefined;
}

/** Publishes a backlog with `fill`, starts a worker, and measures from its first commit until all is stored. */
async function drainOf(context: Context, fill: () => Promise<Done>): Promise<Sample> {
  const { stack } = context;
  await purge(stack);
  const { count } = await fill();
  const worker = await OwnWorker.start(stack, { searching: false });
  try {
    await until('the worker begins to store', async () => (await worker.totals()).stored > 0, 60_000);
    const work = async (): Promise<Done> => {
      const before = (await worker.totals()).stored;
      const startedAt = performance.now();
      await until(`${count} rows are stored`, async () => (await worker.totals()).stored >= count, SETTLED_WITHIN_MS);
      return { count: count - before, seconds: (performance.now() - startedAt) / 1_000 };
    };
    return await watched(context, work, { worker: worker.pid });
  } finally {
    await worker.stop();
  }
}

function backlogOfBatches({ stack }: Context, chats: readonly string[], rows: number): Promise<Done> {
  const each = 1_000;
  const targets = batches(chats, each);
  return load({ url: stack.ingest, connections: 4, targets, seconds: 0, amount: rows / each, each });
}

function backlogOfSingles({ stack }: Context, chats: readonly string[], rows: number): Promise<Done> {
  return load({ url: stack.ingest, connections: 256, targets: creates(chats), seconds: 0, amount: rows });
}

/** Measures indexing. The backlog is what `storing` has stored without indexing it. */
async function indexing(context: Context): Promise<Measurement[]> {
  const { stack, quick, say } = context;
  const documents = quick ? 20_000 : 60_000;
  const rounds = quick ? 1 : context.rounds;
  const bodies = bulkBodies(documents);
  const ours: Sample[] = [];
  const raw: Sample[] = [];
  say('warming Elasticsearch');
  await warmElasticsearch(stack.servers.elasticsearch, bodies, documents);
  for (let round = 0; round <= rounds; round += 1) {
    const worker = await OwnWorker.start(stack, { searching: true });
    await until('the indexer begins', async () => (await worker.totals()).indexed > 0, 60_000);
    const sample = await watched(context, () => indexedBy(worker, documents), { worker: worker.pid });
    await worker.stop();
    const other = await watched(context, () => rawBulk(stack.servers.elasticsearch, bodies, documents));
    say(`${roundName(round, rounds)}: ${Math.round(rateOf(sample))} and raw ${Math.round(rateOf(other))} documents/s`);
    if (round === 0) continue;
    ours.push(sample);
    raw.push(other);
  }
  const common = { scenario: 'drain', unit: 'documents/s' };
  const cpu = (name: string, samples: readonly Sample[], rest: Partial<Measurement> = {}) =>
    cpuEach(
      { scenario: 'drain', name: `Elasticsearch’s CPU, ${name}`, ...rest },
      { program: 'elasticsearch', samples },
    );
  return [
    rate({ ...common, name: 'raw bulk, requests of 1 MiB, two at a time' }, raw),
    rate({ ...common, name: 'worker indexes a backlog' }, ours, { to: 'raw bulk', samples: raw, target: INDEX_SHARE }),
    cpu('raw bulk', raw, { target: { atMost: BULK_CPU_US_MAX } }),
    cpu('worker indexes a backlog', ours),
  ];
}

/**
 * Waits until `documents` more are indexed, or no more come. Resolves with their number and the time until the last.
 */
async function indexedBy(worker: OwnWorker, documents: number): Promise<Done> {
  const { indexed: before } = await worker.totals();
  const startedAt = performance.now();
  let [indexed, changedAt] = [before, startedAt];
  while (indexed - before < documents && performance.now() - changedAt < NO_MORE_MS) {
    await Bun.sleep(POLL_MS);
    const now = (await worker.totals()).indexed;
    if (now !== indexed) [indexed, changedAt] = [now, performance.now()];
  }
  return { count: indexed - before, seconds: (changedAt - startedAt) / 1_000 };
}
