/** Runs the open loop (open-loop.ts) in a process of its own: takes its options as JSON on stdin, prints its report. */
import { latencyOf } from '../measure/statistics.ts';
import { randomFrom, textOf } from '../texts.ts';
import type { OpenLoopOptions, OpenLoopReport } from './open-loop.ts';

/** The pause between two searches for a message, and between two reads of it, at least. */
const SEARCH_EVERY_MS = 100;
const READ_EVERY_MS = 2;
/**
 * The pause grows with the time that has passed. Otherwise a long lag would mean hundreds of searches a second, which
 * would make it longer still.
 */
const PAUSE_SHARE = 0.05;
const FOUND_WITHIN_MS = 30_000;
/** One in this many of the messages that are read is also searched for: a search costs more. */
const SEARCHED_EVERY = 10;

const options = (await Bun.stdin.json()) as OpenLoopOptions;
const { ingest, api, chats, perSecond, seconds, followedPerSecond, authorization } = options;
const credential: Record<string, string> = authorization === undefined ? {} : { authorization };
const random = randomFrom(7);
const run = Math.floor(Date.now() / 1_000).toString(36);
const total = Math.floor(perSecond * seconds);
const followEvery = Math.max(1, Math.round(perSecond / followedPerSecond));
const create: number[] = [];
const readable: number[] = [];
const searchable: number[] = [];
let refused = 0;
let neverFound = 0;
const running = new Set<Promise<void>>();

async function createOne(index: number, dueAt: number): Promise<void> {
  const chat = chats[index % chats.length] ?? '';
  const word = `${run}x${index.toString(36)}x`;
  const response = await fetch(`${ingest}${chat}/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...credential },
    body: JSON.stringify({ message_content: `${word} ${textOf(random)}` }),
  });
  const body = (await response.json()) as { message_number?: number };
  const answeredAt = performance.now();
  if (response.status !== 201 || body.message_number === undefined) {
    refused += 1;
    return;
  }
  create.push(answeredAt - dueAt);
  if (followedPerSecond > 0 && index % followEvery === 0)
    await follow(chat, body.message_number, word, answeredAt, index / followEvery);
}

async function follow(chat: string, number: number, word: string, since: number, index: number): Promise<void> {
  await untilOk(`${api}${chat}/messages/${number}`, since);
  readable.push(performance.now() - since);
  if (index % SEARCHED_EVERY !== 0) return;
  const found = async () => {
    const response = await fetch(`${api}${chat}/search?search_query=${word}`, { headers: credential });
    return ((await response.json()) as unknown[]).length === 1;
  };
  while (!(await found().catch(() => false))) {
    if (performance.now() - since > FOUND_WITHIN_MS) {
      neverFound += 1;
      break;
    }
    await Bun.sleep(pauseAfter(since, SEARCH_EVERY_MS));
  }
  searchable.push(performance.now() - since);
}

const pauseAfter = (since: number, leastMs: number): number =>
  Math.max(leastMs, (performance.now() - since) * PAUSE_SHARE);

async function untilOk(url: string, since: number): Promise<void> {
  while (performance.now() - since < FOUND_WITHIN_MS) {
    const response = await fetch(url, { headers: credential });
    await response.arrayBuffer();
    if (response.status === 200) return;
    await Bun.sleep(pauseAfter(since, READ_EVERY_MS));
  }
  neverFound += 1;
}

const before = process.cpuUsage();
const startedAt = performance.now();
for (let index = 0; index < total; ) {
  const now = performance.now();
  for (; index < total && startedAt + (index * 1_000) / perSecond <= now; index += 1) {
    const one = createOne(index, startedAt + (index * 1_000) / perSecond).catch(() => {
      refused += 1;
    });
    running.add(one);
    one.finally(() => running.delete(one));
  }
  await Bun.sleep(1);
}
const passed = (performance.now() - startedAt) / 1_000;
await Promise.all(running);
const { user, system } = process.cpuUsage(before);
const report: OpenLoopReport = {
  created: create.length,
  refused,
  seconds: passed,
  create: latencyOf(create),
  readable: latencyOf(readable),
  searchable: latencyOf(searchable),
  searchableMs: searchable,
  neverFound,
  cpuSeconds: (user + system) / 1e6,
};
console.log(JSON.stringify(report));
