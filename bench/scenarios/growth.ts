/** Measures whether the CPU for one message, created and stored, rises as the tables grow. */
import { type Context, type Scenario, watched } from '../context.ts';
import { withMysql } from '../floors/mysql.ts';
import { load } from '../load/load.ts';
import type { Measurement } from '../measure/result.ts';
import { cpuPerItem, type Sample } from '../measure/sample.ts';
import { spreadOf } from '../measure/statistics.ts';
import { creates, newChats, settled, workerTotals } from '../system.ts';
import { filledChat } from './reads.ts';

const CONNECTIONS = 64;
const ROUNDS = 5;
const WITHIN = 1.1;
const WRITTEN_WITHIN_MS = 180_000;
const DIRTY_PAGES_MAX = 200;

export const growth: Scenario = {
  name: 'growth',
  description: 'CPU for one message, created and stored, over 100,000 and a million stored rows (ten with --large)',
  run: async (context) => {
    const { stack, large, say } = context;
    const sizes = large ? [100_000, 1_000_000, 10_000_000] : [100_000, 1_000_000];
    await emptied(context);
    const chats = await newChats(stack.ingest, 10, 5);
    const measurements: Measurement[] = [];
    let rows = 0;
    for (const size of sizes) {
      say(`filling the store to ${size.toLocaleString('en')} rows`);
      // Tokens are random: the rows of four applications are before, between and after those of the measured chats.
      for (const share of [0.25, 0.25, 0.25, 0.25])
        await filledChat(stack.servers.mysql, Math.round((size - rows) * share));
      rows = size;
      await stored(context, chats); // warms up; the sample does not count
      await written(context);
      const samples: Sample[] = [];
      for (let round = 0; round < ROUNDS; round += 1) samples.push(await stored(context, chats));
      const values = samples.map((sample) => cpuPerItem(sample, isHotPath) * 1e6);
      const first = measurements[0]?.values;
      measurements.push({
        ...{ scenario: 'growth', name: `CPU for one message over ${size.toLocaleString('en')} rows`, unit: 'µs' },
        ...{ values, samples, at: { rows: size } },
        ...(first !== undefined && { target: { atMost: spreadOf(first).median * WITHIN } }),
      });
    }
    return measurements;
  },
};

/** Empties the tables, because earlier scenarios leave millions of rows. */
async function emptied({ stack }: Context): Promise<void> {
  await stack.stop('worker-1');
  await withMysql(stack.servers.mysql, async (connection) => {
    for (const table of ['messages', 'chats', 'applications', 'batches', 'activity']) {
      await connection.query(`TRUNCATE TABLE ${table}`);
    }
  });
  await stack.start('worker-1');
}

/** Waits until MySQL has written out the pages that filling in rows has changed, which is not the measured work. */
async function written({ stack, say }: Context): Promise<void> {
  await withMysql(stack.servers.mysql, async (connection) => {
    const settledAt = performance.now() + WRITTEN_WITHIN_MS;
    for (;;) {
      const [rows] = await connection.query("SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_pages_dirty'");
      const dirty = Number((rows as { Value: string }[])[0]?.Value);
      if (dirty <= DIRTY_PAGES_MAX) return;
      if (performance.now() > settledAt) {
        say(`${dirty} pages are still to be written`);
        return;
      }
      await Bun.sleep(500);
    }
  });
}

/** Leaves out the load and the programs of search: Elasticsearch merges segments at any time. */
const isHotPath = (name: string): boolean => !['load', 'bench', 'elasticsearch', 'api', 'nginx'].includes(name);

async function stored(context: Context, chats: readonly string[]): Promise<Sample> {
  const { stack, quick } = context;
  const before = await workerTotals(stack.worker);
  const amount = quick ? 10_000 : 30_000;
  return watched(context, async () => {
    const targets = creates(chats);
    const done = await load({ url: stack.ingest, connections: CONNECTIONS, targets, seconds: 0, amount });
    await settled(context, before, { rows: done.count, documents: done.count });
    return done;
  });
}
