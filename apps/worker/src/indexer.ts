import type { ApplyDocuments, Ledger } from '@parley/domain';
import { backoffMs, type Logger, pause, readGauge, within } from '@parley/runtime';
import { Counter, type Registry } from 'prom-client';
import type { SearchUpkeep } from './search-upkeep.ts';

export interface IndexerParts {
  readonly ledger: Pick<Ledger, 'indexNext' | 'unindexed'>;
  readonly upkeep: Pick<SearchUpkeep, 'tend' | 'apply' | 'refresh' | 'stopped'>;
  readonly logger: Logger;
  readonly registry: Registry;
  /** The most documents in one round. */
  readonly documentsMax: number;
  /** Milliseconds between two rounds if there is no backlog, and at least between two refreshes. */
  readonly everyMs: number;
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
 *
 * It works in rounds: what was stored since the last one goes out in few requests, and one refresh shows it to searches.
 * A request and a refresh cost the search engine nearly the same for a few documents as for hundreds.
 */
export class Indexer {
  readonly #parts: IndexerParts;
  readonly #stopping = new AbortController();
  readonly #indexed: Counter;
  #loops: Promise<unknown> | undefined;
  /** Whether the last round was at least half full, so more documents probably wait. */
  #backlog = false;
  /** The indices that were written to since the last refresh. */
  readonly #written = new Set<string>();
  #refreshAt = 0;

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

  /**
   * Stops indexing, also a running rebuild of an index. Resolves when the bulk requests under way have ended, and
   * searches see what they wrote.
   */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loops;
    await this.#refresh();
    await this.#parts.upkeep.stopped();
  }

  /** One of the two loops. `always`: it also works without a backlog, checks the index, and refreshes it. */
  async #run(always: boolean): Promise<void> {
    const { ledger, upkeep, logger, documentsMax, tendMs = TEND_MS } = this.#parts;
    const { signal } = this.#stopping;
    let failures = 0;
    let tendAt = performance.now();
    while (!signal.aborted) {
      if (!always && !this.#backlog) {
        await this.#untilNextRound();
        continue;
      }
      try {
        // Also after each failure: its cause may be that the index was deleted.
        if (always && (failures > 0 || performance.now() >= tendAt)) {
          await upkeep.tend(signal);
          tendAt = performance.now() + tendMs;
        }
        const documents = await ledger.indexNext(documentsMax, this.#apply);
        failures = 0;
        this.#indexed.inc(documents);
        this.#backlog = documents >= documentsMax / 2;
        if (always && (!this.#backlog || performance.now() >= this.#refreshAt)) await this.#refresh();
        if (!this.#backlog) await this.#untilNextRound();
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        logger.warn({ err: error, failures }, 'indexing waits');
        await pause(backoffMs(failures - 1, RETRY), signal);
      }
    }
  }

  readonly #apply: ApplyDocuments = async (documents, indices) => {
    await this.#parts.upkeep.apply(documents, indices);
    for (const index of indices) this.#written.add(index);
  };

  /** Lets searches see what was written. If that fails, they see it at the index's own refresh, a few seconds later. */
  async #refresh(): Promise<void> {
    const { upkeep, logger, everyMs } = this.#parts;
    if (this.#written.size === 0) return;
    const indices = [...this.#written];
    this.#written.clear();
    this.#refreshAt = performance.now() + everyMs;
    await upkeep.refresh(indices).catch((error: unknown) => logger.warn({ err: error }, 'a refresh failed'));
  }

  /**
   * Rounds begin at multiples of `everyMs` of the clock, so those of several workers coincide. Then one refresh shows
   * what all of them wrote, and the others find nothing to do.
   */
  async #untilNextRound(): Promise<void> {
    const { everyMs } = this.#parts;
    await pause(everyMs - (Date.now() % everyMs), this.#stopping.signal);
  }
}
