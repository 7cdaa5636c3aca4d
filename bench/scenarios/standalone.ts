/**
 * Measures the standalone: creates, which are on disk before their answer, and reads. The floor is its own listener with
 * the same routes and nothing behind them. How often the same folder can be synced in a second stands beside the commits:
 * creates that come at the same time share one.
 */
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Contender, interleaved, type Scenario } from '../context.ts';
import { HttpFloors } from '../floors/http.ts';
import { hasWrk, load, type Target } from '../load/load.ts';
import { type Measurement, rate } from '../measure/result.ts';
import type { Done, Sample } from '../measure/sample.ts';
import { launchedStandalone, transactionsOf } from '../standalone.ts';
import { batches, creates, newChats } from '../system.ts';

const PORT = 17_140;
const CONNECTIONS = 64;
const FEW_AND_MANY = [1, 256];
const OF_FLOOR = 0.6;
const BLOCK_BYTES = 4_096;
/** So many blocks are written again and again, as SQLite does with its write-ahead log. */
const BLOCKS = 1_000;

const SYNCS = 'fsyncs of 4 KiB, one after the other';
const FLOOR = 'HTTP floor of the listener';

export const standalone: Scenario = {
  name: 'standalone',
  description: 'creates and reads of the standalone, against the floor of its own listener',
  run: async (context) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'parley-bench-standalone-'));
    const { url, pid, end } = await launchedStandalone(PORT, dataDir);
    const floors = new HttpFloors();
    try {
      const bare = await floors.open('listener');
      const chats = await newChats(url, 10, 5);
      const single = creates(chats);
      const points: Target[] = chats.map((chat) => ({ method: 'GET', path: `${chat}/messages/1` }));
      const pages: Target[] = chats.map((chat) => ({ method: 'GET', path: `${chat}/messages` }));
      const pids = { standalone: pid, floor: bare.pid };
      const http = (name: string, to: string, targets: Target[], connections = CONNECTIONS, each = 1): Contender => ({
        ...{ name, pids },
        run: () =>
          load({ url: to, connections, targets, seconds: context.seconds, each }, hasWrk() ? 'wrk' : 'autocannon'),
      });
      const commits: number[] = [];
      const counted = http('standalone creates', url, single);
      const contenders = [
        http(`${FLOOR}, creates`, bare.url, single),
        { ...counted, run: () => countingCommits(url, commits, counted.run) },
        ...FEW_AND_MANY.flatMap((connections) => [
          http(`${FLOOR}, creates, ${ofConnections(connections)}`, bare.url, single, connections),
          http(`standalone creates, ${ofConnections(connections)}`, url, single, connections),
        ]),
        { name: SYNCS, run: async () => syncs(dataDir, context.seconds) },
        http('standalone batches of 100', url, batches(chats, 100), 4, 100),
        http(`${FLOOR}, one message`, bare.url, points),
        http('standalone GET of one message', url, points),
        http(`${FLOOR}, page of 50`, bare.url, pages),
        http('standalone GET of a page of 50', url, pages),
      ];
      const samples = await interleaved(context, contenders, Math.min(context.rounds, 5));
      const of = (name: string) => samples.get(name) ?? [];
      const rows = contenders.map(({ name }) => rowOf(name, of));
      return [...rows, commitsRow(commits.slice(1), of('standalone creates'), of(SYNCS))];
    } finally {
      await end();
      await floors.close();
      await rm(dataDir, { recursive: true, force: true });
    }
  },
};

const ofConnections = (count: number) => (count === 1 ? '1 connection' : `${count} connections`);

/** A contender's rate, beside that of its floor. The floor's name ends like the contender's. */
function rowOf(name: string, of: (name: string) => readonly Sample[]): Measurement {
  const unit = name === SYNCS ? 'fsyncs/s' : name.includes('batches') ? 'messages/s' : 'requests/s';
  const what = { scenario: 'standalone', unit, name };
  const [, end] = /^standalone (?:GET of (?:a )?)?((?:creates|one message|page of 50).*)$/.exec(name) ?? [];
  if (end === undefined) return rate(what, of(name));
  const to = `${FLOOR}, ${end}`;
  return rate(what, of(name), { to, samples: of(to), ...(name === 'standalone creates' && { target: OF_FLOOR }) });
}

/** How many transactions stored the creates in a second: each needs a sync. */
function commitsRow(commits: readonly number[], stored: readonly Sample[], synced: readonly Sample[]): Measurement {
  const samples = stored.map((sample, round) => ({ ...sample, count: commits[round] ?? Number.NaN }));
  const each = stored.map(({ count }, round) => (count / (commits[round] ?? Number.NaN)).toFixed(1));
  const what = { scenario: 'standalone', unit: 'commits/s', name: 'commits of the standalone creates' };
  const row = rate(what, samples, { to: SYNCS, samples: synced });
  return { ...row, samples: [], note: `creates in a commit: ${each.join(', ')}` };
}

async function countingCommits(url: string, commits: number[], run: () => Promise<Done>): Promise<Done> {
  const before = await transactionsOf(url);
  const done = await run();
  commits.push((await transactionsOf(url)) - before);
  return done;
}

/** Writes blocks to a file in the folder, and waits for the disk after each. */
function syncs(folder: string, seconds: number): Done {
  const file = openSync(join(folder, 'synced'), 'w');
  const block = Buffer.alloc(BLOCK_BYTES, 1);
  writeSync(file, Buffer.alloc(BLOCKS * BLOCK_BYTES));
  fdatasyncSync(file);
  const begun = performance.now();
  let count = 0;
  while (performance.now() - begun < seconds * 1_000) {
    writeSync(file, block, 0, BLOCK_BYTES, (count % BLOCKS) * BLOCK_BYTES);
    fdatasyncSync(file);
    count += 1;
  }
  closeSync(file);
  return { count, seconds: (performance.now() - begun) / 1_000 };
}
