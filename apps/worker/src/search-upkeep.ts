import type { Ledger, MessagePosition, RefusedDocument, SearchDocument } from '@parley/domain';
import type { Logger } from '@parley/runtime';
import { Counter, type Registry } from 'prom-client';

/** What the upkeep needs of the search engine. */
export interface SearchEngine {
  readonly admin: {
    indices(): Promise<readonly { readonly name: string; readonly live: boolean }[]>;
    createIndex(name?: string): Promise<string>;
    /** Makes what was written findable now. */
    refresh(name: string): Promise<void>;
    swapAlias(name: string): Promise<void>;
    dropIndex(name: string): Promise<void>;
  };
  indexInto(indices: readonly string[], documents: readonly SearchDocument[]): Promise<readonly RefusedDocument[]>;
}

export interface SearchUpkeepParts {
  readonly engine: SearchEngine;
  readonly ledger: Ledger;
  readonly logger: Logger;
  readonly registry?: Registry;
}

const FIRST_INDEX = 'parley-messages-000001';
const SCAN_AT_ONCE = 2_000;

/**
 * Keeps a search index there that has everything: makes the first one, fills one that was lost, and builds a new one
 * beside the live one on demand. The ledger's list says which indices the indexers write to; an index is filled only after it is
 * on that list, and searched only after it is filled, so no update falls between and a crash anywhere is made good by the
 * next call.
 */
export class SearchUpkeep {
  readonly #parts: SearchUpkeepParts;
  readonly #refused: Counter | undefined;

  constructor(parts: SearchUpkeepParts) {
    this.#parts = parts;
    const { registry } = parts;
    if (registry === undefined) return;
    this.#refused = new Counter({
      name: 'parley_refused_documents_total',
      help: 'Documents that the search index refuses for good; they are stored, but not found',
      registers: [registry],
    });
  }

  /**
   * Sees to it that the live index is there and complete. Cheap where it is. Rejects soon after `signal` is aborted; the
   * next call, of any process, begins anew.
   */
  async ensure(signal?: AbortSignal): Promise<void> {
    const { ledger, engine, logger } = this.#parts;
    const [registered, indices] = await Promise.all([ledger.searchIndices(), engine.admin.indices()]);
    const live = indices.find((index) => index.live)?.name;
    if (live === undefined || !registered.includes(live)) {
      const name = live ?? (await engine.admin.createIndex(registered.at(-1) ?? FIRST_INDEX));
      logger.info({ index: name }, 'filling the search index');
      await ledger.addSearchIndex(name);
      await this.#fill(name, () => signal?.throwIfAborted());
      await this.#search(name);
    }
    const there = new Set((await engine.admin.indices()).map(({ name }) => name));
    for (const name of registered) if (!there.has(name)) await ledger.dropSearchIndex(name);
  }

  /**
   * Builds a new index from the store while everything goes on, then searches it instead of the old one, which is dropped.
   * `progress` hears how many documents are written.
   */
  async rebuild(progress: (documents: number) => void): Promise<string> {
    const { ledger, engine } = this.#parts;
    const name = await engine.admin.createIndex();
    await ledger.addSearchIndex(name);
    await this.#fill(name, progress);
    await this.#search(name);
    for (const old of await ledger.searchIndices()) if (old !== name) await ledger.dropSearchIndex(old);
    for (const old of await engine.admin.indices()) if (old.name !== name) await engine.admin.dropIndex(old.name);
    return name;
  }

  /** Writes documents into each index, as the ledger wants it done. */
  async apply(documents: readonly SearchDocument[], indices: readonly string[]): Promise<void> {
    for (const { document, reason } of await this.#parts.engine.indexInto(indices, documents)) {
      this.#refused?.inc();
      const { token, chat, number, version } = document;
      this.#parts.logger.error({ token, chat, number, version, reason }, 'the search index refuses a document');
    }
  }

  /** Without the refresh, searches would miss what was written last until the index refreshes by itself. */
  async #search(name: string): Promise<void> {
    const { admin } = this.#parts.engine;
    await admin.refresh(name);
    await admin.swapAlias(name);
  }

  async #fill(name: string, progress?: (documents: number) => void): Promise<void> {
    let after: MessagePosition | undefined;
    let written = 0;
    for (;;) {
      const documents = await this.#parts.ledger.scan(after, SCAN_AT_ONCE);
      const last = documents.at(-1);
      if (last === undefined) return;
      await this.apply(documents, [name]);
      after = { token: last.token, chat: last.chat, number: last.number };
      written += documents.length;
      progress?.(written);
    }
  }
}
