import type { Ledger } from '@parley/domain';
import type { Logger } from '@parley/runtime';
import { Counter, Gauge, type Registry } from 'prom-client';
import { pause } from './pause.ts';
import type { SearchUpkeep } from './search-upkeep.ts';

export interface IndexerParts {
  readonly ledger: Ledger;
  readonly upkeep: SearchUpkeep;
  readonly logger: Logger;
  readonly registry: Registry;
  /** Documents in one bulk request. */
  readonly documentsMax: number;
  /** How long it rests where nothing waits, in milliseconds: the share of the search lag that is ours. */
  readonly idleMs: number;
}

const RETRY_MS_MAX = 5_000;

/**
 * Derives the search index from the store: takes what was written and is not indexed, oldest first, for ever. An outage
 * of the index costs nothing but waiting; the store goes on. Any number of indexers may run.
 */
export class Indexer {
  readonly #parts: IndexerParts;
  readonly #stopping = new AbortController();
  readonly #indexed: Counter;
  #loop: Promise<void> | undefined;

  constructor(parts: IndexerParts) {
    this.#parts = parts;
    const { registry, ledger } = parts;
    this.#indexed = new Counter({
      name: 'parley_indexed_documents_total',
      help: 'Documents written to the search index',
      registers: [registry],
    });
    new Gauge({
      name: 'parley_unindexed_seconds',
      help: 'Age of the oldest write that is not in the search index, in seconds',
      registers: [registry],
      async collect() {
        const { oldestAt } = await ledger.unindexed().catch(() => ({ oldestAt: undefined }));
        this.set(oldestAt === undefined ? 0 : Math.max(0, Date.now() - oldestAt) / 1000);
      },
    });
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Ends after the bulk request in the hand, also while an index is filled. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { ledger, upkeep, logger, documentsMax, idleMs } = this.#parts;
    const { signal } = this.#stopping;
    const apply = upkeep.apply.bind(upkeep);
    let failures = 1; // the first round sees to the index as well
    while (!signal.aborted) {
      try {
        // After a failure the index itself may be gone.
        if (failures > 0) await upkeep.ensure(signal);
        const documents = await ledger.indexNext(documentsMax, apply);
        failures = 0;
        this.#indexed.inc(documents);
        if (documents === 0) await pause(idleMs, signal);
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        logger.warn({ err: error, failures }, 'indexing waits');
        await pause(Math.min(RETRY_MS_MAX, 100 * 2 ** Math.min(failures, 10)) * (0.5 + Math.random() / 2), signal);
      }
    }
  }
}
