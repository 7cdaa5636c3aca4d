/**
 * How fast a worker stores a backlog, against plain multi-row INSERTs of the same columns, and how fast it indexes what
 * is stored, against plain bulk requests. Elasticsearch is stopped while storing is measured, or the indexer would take
 * its share of the CPU; what both do together is the scenario `whole`.
 */
import { type Context, type Scenario, watched } from '../context.ts';
import { bulkBodies, rawBulk } from '../floors/elasticsearch.ts';
import { rawInserts, rawLoadData, withMysql } from '../floors/mysql.ts';
import { load } from '../load/load.ts';
import { type Measurement, rate } from '../measure/result.ts';
import type { Done, Sample } from '../measure/sample.ts';
import { batches, creates, newChats, purge, until, workerTotals } from '../system.ts';

const APPLICATIONS = 24;
const STORE_SHARE = 0.8;
const INDEX_SHARE = 0.9;
/** What is stored before the clock starts: a subscription takes one delivery at a time at first. */
const BEGUN = 1;

export const drain: Scenario = {
  name: 'drain',
  description: 'a backlog from RabbitMQ into MySQL against raw INSERT, and from MySQL into the index against raw bulk',
  run: async (context) => [...(await storing(context)), ...(await indexing(context))],
};

async function storing(context: Context): Promise<Measurement[]> {
  const { stack, quick, large, say } = context;
  const rows = large ? 1_000_000 : quick ? 60_000 : 200_000;
  const rounds = quick ? 1 : Math.min(context.rounds, 3);
  const chats = await newChats(stack.ingest, APPLICATIONS, 1);
  await Bun.sleep(1_000); // the owners are stored meanwhile
  await stack.stop('worker-1', 'elasticsearch');
  const of: Record<'batched' | 'single' | 'one' | 'four' | 'file', Sample[]> = {
    batched: [],
    single: [],
    one: [],
    four: [],
    file: [],
  };
  for (let round = 0; round <= rounds; round += 1) {
    const measure = async (name: keyof typeof of, work: () => Promise<Sample | undefined>) => {
      const sample = await work();
      if (sample === undefined) return;
      say(
        `${round === 0 ? 'warm-up' : `round ${round}/${rounds}`} ${name}: ${Math.round(sample.count / sample.seconds)} rows/s`,
      );
      if (round > 0) of[name].push(sample);
    };
    await measure('batched', () => drainOf(context, rows, () => backlogOfBatches(context, chats, rows)));
    await measure('single', () => drainOf(context, rows / 4, () => backlogOfSingles(context, chats, rows / 4)));
    await measure('one', () => watched(context, () => rawInserts(stack.servers.mysql, rows / 2, 1)));
    await measure('four', () => watched(context, () => rawInserts(stack.servers.mysql, rows / 2, 4)));
    await measure('file', () => loadedData(context, rows / 2));
  }
  await stack.start('elasticsearch', 'worker-1');
  const common = { scenario: 'drain', unit: 'rows/s' };
  const against = { to: 'raw INSERT, 1 connection', samples: of.one, target: STORE_SHARE };
  return [
    rate({ ...common, name: 'raw INSERT, 1,000 rows each, 1 connection' }, of.one),
    rate({ ...common, name: 'raw INSERT, 1,000 rows each, 4 connections' }, of.four, {
      to: against.to,
      samples: of.one,
    }),
    ...(of.file.length > 0 ? [rate({ ...common, name: 'LOAD DATA LOCAL' }, of.file)] : []),
    rate({ ...common, name: 'worker stores batches of 1,000' }, of.batched, against),
    rate({ ...common, name: 'worker stores single creates' }, of.single, against),
  ];
}

async function loadedData(context: Context, rows: number): Promise<Sample | undefined> {
  let allowed = true;
  const sample = await watched(context, async () => {
    const done = await rawLoadData(context.stack.servers.mysql, rows);
    allowed = done !== undefined;
    return done ?? { count: 0 };
  });
  return allowed ? sample : undefined;
}

/** Fills the queues, starts the worker and times it from its first commit to its last. */
async function drainOf(context: Context, rows: number, fill: () => Promise<Done>): Promise<Sample> {
  const { stack } = context;
  await purge(stack);
  const { count } = await fill();
  await stack.start('worker-1');
  try {
    await until('the worker begins to store', async () => (await workerTotals(stack)).stored >= BEGUN);
    return await watched(context, async () => {
      const before = (await workerTotals(stack)).stored;
      const startedAt = performance.now();
      await until(`${rows} rows are stored`, async () => (await workerTotals(stack)).stored >= count);
      return { count: count - before, seconds: (performance.now() - startedAt) / 1_000 };
    });
  } finally {
    await stack.stop('worker-1');
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

/** What `storing` has left in `batches` is the backlog of the indexer. */
async function indexing(context: Context): Promise<Measurement[]> {
  const { stack, quick, say } = context;
  const documents = quick ? 20_000 : 60_000;
  const rounds = quick ? 1 : Math.min(context.rounds, 3);
  const bodies = bulkBodies(documents);
  const ours: Sample[] = [];
  const raw: Sample[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const { indexed } = await workerTotals(stack);
    await until('the indexer begins', async () => (await workerTotals(stack)).indexed > indexed, 60);
    const sample = await watched(context, () => indexedOf(context, documents));
    await stack.stop('worker-1');
    const other = await watched(context, () => rawBulk(stack.servers.elasticsearch, bodies, documents));
    say(
      `${round === 0 ? 'warm-up' : `round ${round}/${rounds}`}: ${Math.round(sample.count / sample.seconds)} and raw ${Math.round(other.count / other.seconds)} documents/s`,
    );
    if (round > 0) {
      ours.push(sample);
      raw.push(other);
    }
    await stack.start('worker-1');
  }
  await stack.stop('worker-1');
  await withMysql(stack.servers.mysql, (connection) => connection.query('TRUNCATE TABLE batches'));
  await stack.start('worker-1');
  const common = { scenario: 'drain', unit: 'documents/s' };
  return [
    rate({ ...common, name: 'raw bulk, requests of 1 MiB, two at a time' }, raw),
    rate({ ...common, name: 'worker indexes a backlog' }, ours, { to: 'raw bulk', samples: raw, target: INDEX_SHARE }),
  ];
}

/** Until so many documents more are indexed, or no more come. */
async function indexedOf({ stack }: Context, documents: number): Promise<Done> {
  const { indexed: before } = await workerTotals(stack);
  const startedAt = performance.now();
  let [indexed, changedAt] = [before, startedAt];
  while (indexed - before < documents && performance.now() - changedAt < 3_000) {
    await Bun.sleep(50);
    const now = (await workerTotals(stack)).indexed;
    if (now !== indexed) [indexed, changedAt] = [now, performance.now()];
  }
  return { count: indexed - before, seconds: (changedAt - startedAt) / 1_000 };
}
