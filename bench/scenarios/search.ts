/** Searches in chats of different sizes, over HTTP. */
import { type Contender, type Context, interleaved, type Scenario } from '../context.ts';
import { load, usualTool } from '../load/load.ts';
import { type Measurement, rate } from '../measure/result.ts';
import { batches, newChats, settled, workerTotals } from '../system.ts';
import { wordOf } from '../texts.ts';

const CONNECTIONS = 16;
const BATCH = 1_000;
const DIFFERENT_BATCHES = 20;
const INDEXED_WITHIN_REFRESH_MS = 2_000;

/** Queries by name. Words are named by their rank in texts.ts: 0 is the most common word. */
const QUERIES: Readonly<Record<string, string>> = {
  'a rare word': wordOf(4_321),
  'a common word': wordOf(1),
  'a prefix': wordOf(300).slice(0, 4),
  'a phrase': `"${wordOf(0)} ${wordOf(1)}"`,
  'a part of a word': wordOf(300).slice(1, 5),
  'a word that is not there': 'xyzzyx',
};

export const search: Scenario = {
  name: 'search',
  description: 'searches in chats of 1,000 and 100,000 messages (a million with --large)',
  run: async (context) => {
    const sizes = context.large ? [1_000, 100_000, 1_000_000] : context.quick ? [1_000] : [1_000, 100_000];
    const measurements: Measurement[] = [];
    for (const size of sizes) measurements.push(...(await inChatOf(context, size)));
    return measurements;
  },
};

async function inChatOf(context: Context, size: number): Promise<Measurement[]> {
  const { stack, say, seconds } = context;
  say(`filling a chat with ${size.toLocaleString('en')} messages`);
  const [chat = ''] = await newChats(stack.ingest, 1, 1);
  const before = await workerTotals(stack.worker);
  const targets = batches(Array<string>(Math.min(size / BATCH, DIFFERENT_BATCHES)).fill(chat), BATCH);
  await load({ url: stack.ingest, connections: 1, targets, seconds: 0, amount: size / BATCH, each: BATCH });
  await settled(context, before, { rows: size, documents: size });
  await Bun.sleep(INDEXED_WITHIN_REFRESH_MS);
  const contenders = Object.entries(QUERIES).map(([name, query]): Contender => {
    const path = `${chat}/search?search_query=${encodeURIComponent(query)}`;
    const options = { url: stack.api, connections: CONNECTIONS, targets: [{ method: 'GET' as const, path }], seconds };
    return {
      name: `${name}, chat of ${size.toLocaleString('en')}`,
      run: () => load(options, usualTool()),
    };
  });
  const samples = await interleaved(context, contenders, Math.min(context.rounds, 2));
  return contenders.map(({ name }) =>
    rate({ scenario: 'search', unit: 'searches/s', name, at: { size } }, samples.get(name) ?? []),
  );
}
