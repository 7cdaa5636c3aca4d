import type { Ledger } from '@parley/domain';
import { backoffMs, type Logger, pause, readGauge, within } from '@parley/runtime';
import { Counter, type Registry } from 'prom-client';
import type { SearchUpkeep } from './search-upkeep.ts';

export interface IndexerParts {
  readonly ledger: Ledger;
  readonly upkeep: SearchUpkeep;
  readonly logger: Logger;
  readonly registry: Registry;
  /** The most documents in one bulk request. */
  readonly documentsMax: number;
  /** The pause in milliseconds after a request if there is no backlog. It delays when new documents are found. */
  readonly idleMs: number;
  /**
   * Milliseconds between checks that the index exists and has the right version; also after each failure. Default
   * 30,000.
   */
  readonly tendMs?: number;
}

/**
 * The deadline for reading the age of the oldest unindexed write. Short, because a scrape of the metrics waits for it.
 */
const LOOK_WITHIN_MS = 1_000;
const RETRY = { firstMs: 200, maxMs: 5_000 };
const TEND_MS = 30_000;
/**
 * Two loops write to the index: one prepares a request while the other's is under way. The second works only if there
 * is a backlog.
 */
const LANES = 2;

/**
 * Writes stored changes that are not indexed yet to the search index, oldest first, until it is stopped. If the search
 * engine is unreachable, only indexing waits; storing goes on. Any number of indexers may run.
 */
export class Indexer {
  readonly #parts: IndexerParts;
  readonly #stopping = new AbortController();
  readonly #indexed: Counter;
  #loops: Promise<unknown> | undefined;
  /** Whether the last request was at least half full, so more documents probably wait. */
  #backlog = false;

  constructor(parts: IndexerParts) {
    this.#parts = parts;
    const { registry, ledger } = parts;
    this.#indexed = new Counter({
      name: 'parley_indexed_documents_total',
      help: 'Documents written to the search index',
      registers: [registry],
    });
    const age = {
      name: 'parley_unindexed_seconds',
      help: 'Age of the oldest write that is not in the search index, in seconds; NaN while it is not known',
    };
    readGauge({ ...age, registry }, async () => {
      const late = () => new Error('The store did not tell in time.');
      const asked = within(ledger.unindexed(), LOOK_WITHIN_MS, late);
      const { oldestAt } = await asked.catch(() => ({ oldestAt: Number.NaN }));
      return oldestAt === undefined ? 0 : Math.max(0, Date.now() - oldestAt) / 1000;
    });
  }

  start(): void {
    this.#loops ??= Promise.all(Array.from({ length: LANES }, (_, lane) => this.#run(lane === 0)));
  }

  /** Stops indexing, also a running rebuild of an index. Resolves when the bulk requests under way have ended. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loops;
    await this.#parts.upkeep.stopped();
  }

  /** One of the two loops. `always`: it also works without a backlog, and checks the index. */
  async #run(always: boolean): Promise<void> {
    const { ledger, upkeep, logger, documentsMax, idleMs, tendMs = TEND_MS } = this.#parts;
    const { signal } = this.#stopping;
    const apply = upkeep.apply.bind(upkeep);
    let failures = 0;
    let tendAt = performance.now();
    while (!signal.aborted) {
      if (!always && !this.#backlog) {
        await pause(idleMs, signal);
        continue;
      }
      try {
        // Also after each failure: its cause may be that the index was deleted.
        if (always && (failures > 0 || performance.now() >= tendAt)) {
          await upkeep.tend(signal);
          tendAt = performance.now() + tendMs;
        }
        const documents = await ledger.indexNext(documentsMax, apply);
        failures = 0;
        this.#indexed.inc(documents);
        this.#backlog = documents >= documentsMax / 2;
        // A request with a few documents costs Elasticsearch nearly as much as one with hundreds. So wait, to collect
        // more. Searches hardly see them later, because Elasticsearch shows new documents only at its next refresh.
        if (!this.#backlog) await pause(idleMs, signal);
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        logger.warn({ err: error, failures }, 'indexing waits');
        await pause(backoffMs(failures - 1, RETRY), signal);
      }
    }
  }
}
