import { Database } from 'bun:sqlite';
import { parentPort } from 'node:worker_threads';
import type { SearchPage, SearchRequest } from '@parley/domain';
import { scan } from './search-scan.ts';
import { SEARCH_TABLES, type SearchVersion } from './search-tables.ts';

/**
 * The thread in which searches run, on a connection of its own that only reads, so that creates never wait for one.
 * Searches take turns, each for some milliseconds; one whose time is over ends.
 */
export interface Asked {
  readonly id: number;
  /** The file of the database. */
  readonly file: string;
  readonly version: SearchVersion;
  readonly request: SearchRequest;
  /** How long it may take from now on, in milliseconds. */
  readonly withinMs: number;
}

export interface Answered {
  readonly id: number;
  readonly page?: SearchPage;
  /** Why there is no page: the time was over, or the database's own word for what is wrong. */
  readonly failure?: { readonly kind: 'late' } | { readonly kind: 'failed'; readonly detail: string };
}

/** Between two slices no statement is open, so that the database can begin its log anew. */
const PAUSE_MS = 1;
let database: Database | undefined;

parentPort?.on('message', (asked: Asked | 'close') => {
  if (asked !== 'close') void answer(asked);
  else {
    database?.close();
    parentPort?.postMessage('closed');
  }
});

async function answer(asked: Asked): Promise<void> {
  const { id } = asked;
  try {
    parentPort?.postMessage({ id, ...(await find(asked)) } satisfies Answered);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    parentPort?.postMessage({ id, failure: { kind: 'failed', detail } } satisfies Answered);
  }
}

async function find({ file, version, request, withinMs }: Asked): Promise<Omit<Answered, 'id'>> {
  const deadline = performance.now() + withinMs;
  database ??= new Database(file, { readonly: true, strict: true });
  const search = scan(database, SEARCH_TABLES[version], request);
  for (;;) {
    const { done, value } = search.next();
    if (done === true) return { page: value };
    if (performance.now() >= deadline) {
      search.return({ hits: [], more: false }); // ends its statement
      return { failure: { kind: 'late' } };
    }
    await Bun.sleep(PAUSE_MS);
  }
}
