/**
 * The standalone's creates at fixed times, alone and beside the most expensive searches, which several clients send
 * without a pause. A search may be refused when its time is over, but a create must not become slower.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Context, type Scenario, watched } from '../context.ts';
import { load } from '../load/load.ts';
import { openLoop } from '../load/open-loop.ts';
import type { Measurement } from '../measure/result.ts';
import type { Sample } from '../measure/sample.ts';
import { launchedStandalone } from '../standalone.ts';
import { newChats } from '../system.ts';
import { randomFrom, textOf, wordOf } from '../texts.ts';

const PORT = 17_141;
const CREATES_PER_SECOND = 500;
const CREATE_P99_MS = 50;
/** The numbers of clients that send searches: each is a variant of its own, beside one without searches. */
const SEARCHERS = [4, 16];
const LONG_MESSAGES = 1_000;
const CHARACTERS = 10_000;
const SHORT_MESSAGES = 200_000;

/** Every long message has all of these words, so a search for any of them finds all of these messages. */
const WORDS = Array.from({ length: 500 }, (_, index) => String.fromCodePoint(0x4e00 + index));

export const worstSearches: Scenario = {
  name: 'worst-searches',
  description: 'creates of the standalone at fixed times, alone and beside the searches that cost most',
  run: async (context) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'parley-bench-worst-'));
    const standalone = await launchedStandalone(PORT, dataDir);
    try {
      return await measured(context, standalone);
    } finally {
      await standalone.end();
      await rm(dataDir, { recursive: true, force: true });
    }
  },
};

async function measured(
  context: Context,
  { url, pid }: { readonly url: string; readonly pid: number },
): Promise<Measurement[]> {
  const [creating = '', long = '', large = '', repeated = '', short = ''] = await newChats(url, 5, 1);
  context.say('filling chats');
  const all = `${WORDS.join(' ')} `;
  await fill(url, long, Array<string>(50).fill(all.repeat(CHARACTERS / all.length)), LONG_MESSAGES / 50);
  await fill(url, large, Array<string>(100).fill('Where is my parcel? '.repeat(CHARACTERS / 20)), 4);
  await fill(
    url,
    repeated,
    ['a', 'ha'].flatMap((piece) => Array<string>(20).fill(piece.repeat(CHARACTERS / piece.length))),
    25,
  );
  const random = randomFrom(3);
  await fill(
    url,
    short,
    Array.from({ length: 1_000 }, () => textOf(random)),
    SHORT_MESSAGES / 1_000,
  );
  const queries = [
    [long, WORDS.join(' ')],
    [long, [...WORDS].reverse().join(' ')],
    [long, `${WORDS.slice(1).join(' ')} x`],
    [large, 'parcel'],
    [large, 'is where'],
    [repeated, 'a'.repeat(1_000)],
    [repeated, `${'ha'.repeat(499)}x`],
    [short, 'z'],
    [short, 'qz'],
    [short, wordOf(0)],
    [short, `${wordOf(0)}${wordOf(1)}${wordOf(2)}`],
  ] as const;
  const rows: Measurement[] = [];
  for (const sides of [0, ...SEARCHERS]) {
    const samples: Sample[] = [];
    let searches = { answered: 0, refused: 0 };
    for (let round = 0; round <= Math.min(context.rounds, 3); round += 1) {
      const asking = sides > 0 ? ask(url, queries, sides) : undefined;
      const sample = await watched(
        context,
        async () => {
          const { created, refused, create, cpuSeconds } = await openLoop({
            ...{ ingest: url, api: url, chats: [creating], perSecond: CREATES_PER_SECOND },
            ...{ seconds: context.quick ? 3 : 10, followedPerSecond: 1 },
          });
          return { count: created, failed: refused, latency: create, cpuSeconds: { load: cpuSeconds } };
        },
        { standalone: pid },
      );
      const asked = await asking?.stop();
      context.say(
        `creates beside ${sides} searchers: p99 ${sample.latency?.p99.toFixed(1)} ms; ${JSON.stringify(asked ?? {})}`,
      );
      if (round === 0) continue;
      samples.push(sample);
      searches = {
        answered: searches.answered + (asked?.answered ?? 0),
        refused: searches.refused + (asked?.refused ?? 0),
      };
    }
    rows.push({
      ...{ scenario: 'worst-searches', unit: 'ms', samples },
      name: `create answered, p99, beside ${sides} of the worst searches, ${CREATES_PER_SECOND}/s`,
      values: samples.map(({ latency }) => latency?.p99 ?? Number.NaN),
      ...(sides > 0 && {
        target: { atMost: CREATE_P99_MS },
        note: `${searches.answered} searches answered, ${searches.refused} refused when their time was over`,
      }),
    });
  }
  return rows;
}

async function fill(url: string, chat: string, contents: readonly string[], times: number): Promise<void> {
  const body = JSON.stringify({ messages: contents.map((content) => ({ message_content: content })) });
  const targets = [{ method: 'POST' as const, path: `${chat}/messages/batch`, body }];
  const { failed } = await load({ url, connections: 1, targets, seconds: 0, amount: times, each: contents.length });
  if ((failed ?? 0) > 0) throw new Error('a chat could not be filled');
}

/** Sends searches from `sides` clients, each one at a time, until `stop` is called, which returns the counts. */
function ask(url: string, queries: readonly (readonly [chat: string, query: string])[], sides: number) {
  let running = true;
  const counts = { answered: 0, refused: 0 };
  const searcher = async (from: number) => {
    for (let at = from; running; at += 1) {
      const [chat = '', query = ''] = queries[at % queries.length] ?? [];
      const response = await fetch(`${url}${chat}/search?limit=200`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ search_query: query }),
      });
      await response.arrayBuffer();
      counts[response.ok ? 'answered' : 'refused'] += 1;
    }
  };
  const searchers = Promise.all(Array.from({ length: sides }, (_, index) => searcher(index * 2)));
  return {
    stop: async () => {
      running = false;
      await searchers;
      return counts;
    },
  };
}
