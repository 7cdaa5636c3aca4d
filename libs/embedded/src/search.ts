import { Worker } from 'node:worker_threads';
import { type SearchIndex, type SearchPage, type SearchRequest, Unavailable } from '@parley/domain';
import { within } from '@parley/runtime';
import type { SearchTables } from './search-tables.ts';
import type { Answered, Asked } from './search-thread.ts';

/** A search unanswered this long after its deadline is refused. A thread that gave no answer meanwhile is stopped. */
const SILENCE_MS = 1_000;
const CLOSE_MS = 2_000;
const WAITING_MAX = 256;

/** Searches all committed texts by FTS5 (SQLite's full-text index), in a thread that starts with the first search. */
export class EmbeddedSearch implements SearchIndex {
  readonly #file: string;
  readonly #tables: SearchTables;
  readonly #timeoutMs: number;
  readonly #complete: () => void;
  readonly #waiting = new Map<number, PromiseWithResolvers<SearchPage>>();
  #thread: Worker | undefined;
  #lastId = 0;
  #heardAt = 0;
  #closed = false;

  /**
   * `timeoutMs`: the limit for one search. The thread checks it before each turn of the search. `complete` brings all
   * committed messages into the tables; called before each search.
   */
  constructor(file: string, tables: SearchTables, timeoutMs: number, complete: () => void) {
    this.#file = file;
    this.#tables = tables;
    this.#timeoutMs = timeoutMs;
    this.#complete = complete;
  }

  search(request: SearchRequest): Promise<SearchPage> {
    if (this.#closed) return Promise.reject(unavailable('The search is closed.'));
    if (this.#waiting.size >= WAITING_MAX) return Promise.reject(unavailable('Too many searches are under way.'));
    this.#complete();
    return this.#ask(request, this.#tables.searched);
  }

  /** Ends the thread. Rejects the searches that are running, and all later ones. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#rejectAll(unavailable('The search is closed.'));
    const thread = this.#thread;
    if (thread === undefined) return;
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    thread.on('message', (data) => data === 'closed' && resolve());
    thread.postMessage('close');
    await within(closed, CLOSE_MS, () => new Error('the thread does not answer')).catch(() => {});
    await thread.terminate();
  }

  async #ask(request: SearchRequest, version: Asked['version']): Promise<SearchPage> {
    const thread = this.#thread ?? this.#start();
    const id = ++this.#lastId;
    const waiting = Promise.withResolvers<SearchPage>();
    this.#waiting.set(id, waiting);
    thread.postMessage({ id, file: this.#file, version, request, until: Date.now() + this.#timeoutMs } satisfies Asked);
    try {
      return await within(waiting.promise, this.#timeoutMs + SILENCE_MS, () => {
        if (performance.now() - this.#heardAt > this.#timeoutMs + SILENCE_MS) this.#giveUp(thread);
        return tooSlow();
      });
    } finally {
      this.#waiting.delete(id);
    }
  }

  #start(): Worker {
    const thread = new Worker(new URL('./search-thread.ts', import.meta.url));
    thread.unref();
    thread.on('message', (answered: Answered) => this.#settle(answered));
    thread.on('error', () => this.#giveUp(thread));
    thread.on('exit', () => this.#giveUp(thread));
    this.#thread = thread;
    this.#heardAt = performance.now();
    return thread;
  }

  #settle({ id, page, failure }: Answered): void {
    this.#heardAt = performance.now();
    const waiting = this.#waiting.get(id);
    if (page !== undefined) waiting?.resolve(page);
    else
      waiting?.reject(failure?.kind === 'failed' ? unavailable('Search cannot be used.', failure.detail) : tooSlow());
  }

  /** Stops a thread and rejects its searches. The next search starts another. */
  #giveUp(thread: Worker): void {
    if (this.#thread !== thread) return;
    this.#thread = undefined;
    thread.terminate().catch(() => {}); // the thread may have ended already
    this.#rejectAll(unavailable('Search did not answer.'));
  }

  #rejectAll(error: Unavailable): void {
    for (const { reject } of this.#waiting.values()) reject(error);
  }
}

function tooSlow(): Unavailable {
  return unavailable('The search took too long. Try again, or ask for more or longer words.');
}

function unavailable(detail: string, cause?: unknown): Unavailable {
  return new Unavailable('search index', detail, cause === undefined ? {} : { cause });
}
