import { Database } from 'bun:sqlite';
import { parentPort } from 'node:worker_threads';
import type { SearchPage, SearchRequest } from '@parley/domain';
import { scan } from './search-scan.ts';
import { SEARCH_TABLES, type SearchVersion } from './search-tables.ts';

/**
 * The thread in which searches run, on a connection of its own that only reads, so that creates never wait for one.
 * Searches take turns. One that is new comes before those that had a turn already, and one that had few before those that
 * had many: so what is quick is answered whatever else is asked. One whose time is over ends, wherever it is.
 */
export interface Asked {
  readonly id: number;
  /** The file of the database. */
  readonly file: string;
  readonly version: SearchVersion;
  readonly request: SearchRequest;
  /** When its time is over: milliseconds since 1970. */
  readonly until: number;
}

export interface Answered {
  readonly id: number;
  readonly page?: SearchPage;
  /** Why there is no page: the time was over, or the database's own word for what is wrong. */
  readonly failure?: { readonly kind: 'late' } | { readonly kind: 'failed'; readonly detail: string };
}

interface Task {
  readonly asked: Asked;
  /** Undefined before its first turn. */
  search?: ReturnType<typeof scan>;
  turns: number;
}

/** Up to so many turns a search goes on where it is the first; what takes longer takes turns with others like it. */
const FEW_TURNS = 10;

/** Between two turns no statement is open. So often it stays so for a moment, and the database can begin its log anew. */
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

/** The answer, or undefined where it needs more turns. */
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
