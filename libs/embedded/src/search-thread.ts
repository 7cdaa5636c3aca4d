/**
 * The thread in which searches run, with a read-only connection of its own, so creates never wait for a search.
 * Searches take turns: new ones first, then those that had few turns, then those that had many. So a quick search is
 * answered early. A search fails once its deadline has passed.
 */
import { Database } from 'bun:sqlite';
import { parentPort } from 'node:worker_threads';
import type { SearchPage, SearchRequest } from '@parley/domain';
import { scan } from './search-scan.ts';
import { SEARCH_TABLES, type SearchVersion } from './search-tables.ts';

export interface Asked {
  readonly id: number;
  readonly file: string;
  readonly version: SearchVersion;
  readonly request: SearchRequest;
  /** The search's deadline: milliseconds since 1970. */
  readonly until: number;
}

export interface Answered {
  readonly id: number;
  readonly page?: SearchPage;
  /** Why there is no page: the deadline has passed, or the database's error. */
  readonly failure?: { readonly kind: 'late' } | { readonly kind: 'failed'; readonly detail: string };
}

interface Task {
  readonly asked: Asked;
  /** The running search; undefined before its first turn. */
  search?: ReturnType<typeof scan>;
  turns: number;
}

/** After this many turns a search gives way to shorter ones, and takes turns with other long ones. */
const FEW_TURNS = 10;

/** The thread pauses at this interval. No statement is open then, so the database can restart its write-ahead log. */
const PAUSED_EVERY_MS = 20;
const PAUSE_MS = 1;

const fresh: Task[] = [];
const begun: Task[] = [];
const long: Task[] = [];
let working = false;
let database: Database | undefined;

parentPort?.on('message', (asked: Asked | 'close') => {
  if (asked !== 'close') {
    fresh.push({ asked, turns: 0 });
    if (!working) void work();
    return;
  }
  for (const tasks of [fresh, begun, long]) tasks.length = 0;
  database?.close();
  parentPort?.postMessage('closed');
});

async function work(): Promise<void> {
  working = true;
  let pausedAt = performance.now();
  for (let task = fresh.shift(); task !== undefined; task = fresh.shift() ?? begun.shift() ?? long.shift()) {
    const answer = turn(task);
    if (answer === undefined) goOn(task);
    else parentPort?.postMessage({ id: task.asked.id, ...answer } satisfies Answered);
    if (performance.now() - pausedAt < PAUSED_EVERY_MS) await new Promise((resolve) => setImmediate(resolve));
    else {
      await Bun.sleep(PAUSE_MS);
      pausedAt = performance.now();
    }
  }
  working = false;
}

function goOn(task: Task): void {
  task.turns += 1;
  if (task.turns > FEW_TURNS) long.push(task);
  else if (task.turns > 1) begun.unshift(task);
  else begun.push(task);
}

/** Gives a search one turn. Returns its answer, or undefined if it needs more turns. */
function turn(task: Task): Omit<Answered, 'id'> | undefined {
  const { file, version, request, until } = task.asked;
  if (Date.now() >= until) return { failure: { kind: 'late' } };
  try {
    database ??= new Database(file, { readonly: true, strict: true });
    task.search ??= scan(database, SEARCH_TABLES[version], request);
    const { done, value } = task.search.next();
    return done === true ? { page: value } : undefined;
  } catch (error) {
    return { failure: { kind: 'failed', detail: error instanceof Error ? error.message : String(error) } };
  }
}
