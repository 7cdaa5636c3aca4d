import type { Ledger, MessagePosition, SearchDocument } from '@parley/domain';
import { type Logger, pause, readGauge } from '@parley/runtime';
import { Counter, type Registry } from 'prom-client';
import type { EngineIndex, SearchEngine } from './search-engine.ts';

/** How far an index is filled from the store. */
interface Filled {
  readonly after: MessagePosition;
  readonly documents: number;
}

export interface SearchUpkeepParts {
  readonly engine: SearchEngine;
  readonly ledger: Ledger;
  readonly logger: Logger;
  readonly registry?: Registry;
  /** How long an older version's index is kept for programs that still read it, in milliseconds. Default 600,000. */
  readonly keepMs?: number;
}

export interface RebuildOptions {
  /** Rebuild even if the index that searches read is in order. */
  readonly anew?: boolean;
  /** The share of the time that the rebuild works, above 0 and at most 1. Default 1. */
  readonly share?: number;
  readonly signal?: AbortSignal;
}

const SCAN_AT_ONCE = 2_000;
/**
 * Each time that so many more documents are in, a rebuild notes how far it is, so that another process can continue.
 */
const NOTED_EVERY = 20_000;
const LOGGED_EVERY_MS = 10_000;
/** The share of the time that a rebuild in the background takes; the rest is for the indexers' work. */
const BACKGROUND_SHARE = 0.5;
const KEEP_MS = 600_000;

/**
 * Keeps a complete search index of this program's version. Builds one if there is none, if it was lost or is of an
 * older version, or on demand. Searches read the old one meanwhile.
 *
 * The ledger lists the indices that the indexers write to. A new index is first listed, then filled, and only then
 * searched. So it misses no update, and after a crash the next call completes the work.
 */
export class SearchUpkeep {
  readonly #parts: SearchUpkeepParts;
  readonly #refused: Counter | undefined;
  #rebuilding: Promise<void> | undefined;
  #documents = 0;
  #expected = 0;
  /** The indices that have this program's settings. */
  readonly #settled = new Set<string>();

  constructor(parts: SearchUpkeepParts) {
    this.#parts = parts;
    if (parts.registry !== undefined) this.#refused = this.#metrics(parts.registry);
  }

  /**
   * Checks the indices (cheap), repairs what is quick, and starts a rebuild if one is needed. It runs in the background
   * until `signal` is aborted. If it fails, or another process is rebuilding, the next call tries again.
   */
  async tend(signal: AbortSignal): Promise<void> {
    const { ledger, engine, logger } = this.#parts;
    // The list must be read first: an index is created before it is listed, so one that is listed but does not exist
    // was deleted.
    const registered = await ledger.searchIndices();
    const indices = await engine.admin.indices();
    for (const name of registered) {
      if (!indices.some((index) => index.name === name)) await ledger.dropSearchIndex(name);
      else await this.#settle(name);
    }
    const live = liveOf(indices, registered);
    if (live === undefined) return this.#begin(signal);
    if (indices.filter((index) => index.current && index.live).length > 1) {
      logger.warn({ index: live.name }, 'searches read several indices: somebody moved an alias. They read one again');
      await engine.admin.swapAlias(live.name);
    }
    await this.#clear(live, indices);
  }

  /** Resolves when no rebuild runs. To stop one, abort the signal of `tend` before. */
  async stopped(): Promise<void> {
    await this.#rebuilding;
  }

  /**
   * Builds an index from the store, while creates and searches go on, then lets searches read it. Resolves with the
   * name of the index that they read; with undefined if another process is rebuilding.
   */
  async rebuild(options: RebuildOptions = {}, progress?: (documents: number) => void): Promise<string | undefined> {
    let name: string | undefined;
    await this.#parts.ledger.exclusively(async (held) => {
      name = await this.#build(options, held, progress);
    });
    return name;
  }

  /** Writes documents into each of the indices. Documents that the search engine refuses are logged and counted. */
  async apply(documents: readonly SearchDocument[], indices: readonly string[]): Promise<void> {
    for (const { document, reason } of await this.#parts.engine.indexInto(indices, documents)) {
      this.#refused?.inc();
      const { token, chat, number, version } = document;
      this.#parts.logger.error({ token, chat, number, version, reason }, 'the search index refuses a document');
    }
  }

  /** Makes everything written so far to these indices visible to searches. */
  async refresh(indices: readonly string[]): Promise<void> {
    await Promise.all(indices.map((name) => this.#parts.engine.admin.refresh(name)));
  }

  #begin(signal: AbortSignal): void {
    this.#rebuilding ??= this.rebuild({ share: BACKGROUND_SHARE, signal })
      .catch((error: unknown) => {
        if (!signal.aborted) this.#parts.logger.warn({ err: error }, 'building the search index waits');
      })
      .then(() => {
        this.#rebuilding = undefined;
      });
  }

  async #build(options: RebuildOptions, held: () => Promise<void>, progress?: (documents: number) => void) {
    const { ledger, engine, logger } = this.#parts;
    const registered = await ledger.searchIndices();
    const indices = await engine.admin.indices();
    const live = liveOf(indices, registered);
    if (live !== undefined && options.anew !== true) return live.name; // another process has built it meanwhile
    const begun = options.anew === true ? undefined : indices.find((index) => index.current);
    const name = begun?.name ?? (await engine.admin.createIndex());
    const isRegistered = registered.includes(name);
    // An index that is not listed lacks the updates since it was created. So it is filled from the beginning.
    if (!isRegistered) {
      if (begun !== undefined) await engine.admin.note(name, {});
      await ledger.addSearchIndex(name);
    }
    const filled = isRegistered ? (begun?.notes.filled as Filled | undefined) : undefined;
    this.#expected = await this.#countOf(indices);
    logger.info({ index: name, documents: filled?.documents ?? 0, of: this.#expected }, 'building a search index');
    try {
      await this.#fill(name, filled, options, held, progress);
    } finally {
      this.#documents = 0;
      this.#expected = 0;
    }
    // Without the refresh, searches would miss the latest writes until the search engine refreshes by itself.
    await engine.admin.refresh(name);
    await held();
    await engine.admin.swapAlias(name);
    await engine.admin.note(name, { liveSince: Date.now() });
    logger.info({ index: name }, 'searches read a new index');
    for (const old of await engine.admin.indices()) if (old.current && old.name !== name) await this.#drop(old.name);
    return name;
  }

  async #fill(
    name: string,
    filled: Filled | undefined,
    { share = 1, signal }: RebuildOptions,
    held: () => Promise<void>,
    progress?: (documents: number) => void,
  ): Promise<void> {
    const { ledger, engine, logger } = this.#parts;
    // A noted position without a partition is from an older version, which read in another order: fill from the
    // beginning.
    const goOn = filled?.after.partition === undefined ? undefined : filled;
    let after: MessagePosition | undefined = goOn?.after;
    let noted = goOn?.documents ?? 0;
    let loggedAt = performance.now();
    this.#documents = noted;
    for (;;) {
      signal?.throwIfAborted();
      await held();
      const begun = performance.now();
      const { documents, next } = await ledger.scan(after, SCAN_AT_ONCE);
      if (next === undefined) return;
      await this.apply(documents, [name]);
      after = next;
      this.#documents += documents.length;
      progress?.(this.#documents);
      if (this.#documents - noted >= NOTED_EVERY) {
        noted = this.#documents;
        await engine.admin.note(name, { filled: { after: next, documents: noted } satisfies Filled });
      }
      if (performance.now() - loggedAt >= LOGGED_EVERY_MS) {
        loggedAt = performance.now();
        logger.info({ index: name, documents: this.#documents, of: this.#expected }, 'building a search index');
      }
      if (share < 1 && signal !== undefined) await pause((performance.now() - begun) * (1 / share - 1), signal);
    }
  }

  /** An index that an older program has made gets our settings, once: an operator may change them. */
  async #settle(name: string): Promise<void> {
    if (this.#settled.has(name)) return;
    await this.#parts.engine.admin.settle(name);
    this.#settled.add(name);
  }

  /** About as many documents as the new index will have: the number in the old one; 0 if there is none. */
  async #countOf(indices: readonly EngineIndex[]): Promise<number> {
    const old = indices.find((index) => index.live);
    return old === undefined ? 0 : this.#parts.engine.admin.count(old.name).catch(() => 0);
  }

  /** Drops unneeded indices: older versions after `keepMs`, and what interrupted rebuilds have left. */
  async #clear(live: EngineIndex, indices: readonly EngineIndex[]): Promise<void> {
    const { engine, ledger, keepMs = KEEP_MS } = this.#parts;
    const { liveSince } = live.notes;
    if (liveSince === undefined) await engine.admin.note(live.name, { liveSince: Date.now() });
    else if (Date.now() - liveSince >= keepMs) {
      const older = indices.filter(({ version = Number.NaN }) => version < (live.version ?? 0));
      for (const { name } of older) await this.#drop(name);
    }
    const brokenOff = indices.filter((index) => index.current && !index.live);
    if (brokenOff.length === 0) return;
    await ledger.exclusively(async () => {
      // List the indices again under the lock: now no process can be filling one of them.
      const left = (await engine.admin.indices()).filter((index) => index.current && !index.live);
      for (const { name } of left) await this.#drop(name);
    });
  }

  async #drop(name: string): Promise<void> {
    const { engine, ledger, logger } = this.#parts;
    await ledger.dropSearchIndex(name);
    await engine.admin.dropIndex(name);
    logger.info({ index: name }, 'dropped a search index');
  }

  #metrics(registry: Registry): Counter {
    const gauge = (name: string, help: string, read: () => number) => readGauge({ name, help, registry }, read);
    gauge(
      'parley_search_rebuild_documents',
      'Documents in the search index that this worker is building; 0 while it builds none',
      () => this.#documents,
    );
    gauge(
      'parley_search_rebuild_expected_documents',
      'About as many documents the index that is being built will have; 0 where that is not known',
      () => this.#expected,
    );
    return new Counter({
      name: 'parley_refused_documents_total',
      help: 'Documents that the search index refuses for good; they are stored, but not found',
      registers: [registry],
    });
  }
}

/** The index that searches of this version read, if indexers also write to it. */
function liveOf(indices: readonly EngineIndex[], registered: readonly string[]): EngineIndex | undefined {
  return indices.find((index) => index.current && index.live && registered.includes(index.name));
}
