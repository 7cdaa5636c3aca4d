import { randomUUID } from 'node:crypto';
import { FIGURES_EVERY_MS, type Figures, type ProgramFigures } from '@parley/domain';
import { type Logger, pause } from '@parley/runtime';
import type { Registry } from 'prom-client';
import { VERSION } from './version.ts';

export interface OwnFiguresParts {
  readonly figures: Pick<Figures, 'put'>;
  /** The kind of program: ingest, api, worker or standalone. */
  readonly name: string;
  readonly registry: Registry;
  readonly logger: Pick<Logger, 'debug'>;
  /** Milliseconds between two puts. Default FIGURES_EVERY_MS. */
  readonly everyMs?: number;
}

/**
 * Puts the figures of this process, again and again: an operator sees all programs in one place. A put that fails is
 * only logged: the next one has everything.
 */
export class OwnFigures {
  readonly #parts: OwnFiguresParts;
  readonly #stopping = new AbortController();
  readonly #id = randomUUID();
  readonly #startedAt = Date.now();
  #running: Promise<void> | undefined;

  constructor(parts: OwnFiguresParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Resolves when the last put has ended. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { figures, logger, everyMs = FIGURES_EVERY_MS } = this.#parts;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#now()
        .then((now) => figures.put(now))
        .catch((error: unknown) => logger.debug({ err: error }, 'the figures of this program are not shown'));
      await pause(everyMs, signal);
    }
  }

  async #now(): Promise<ProgramFigures> {
    const { name, registry } = this.#parts;
    const values = await sums(registry);
    return { id: this.#id, name, version: VERSION, startedAt: this.#startedAt, at: Date.now(), values };
  }
}

/** The metrics by name, summed over their labels; of a histogram the sum and the count. What is unknown is left out. */
async function sums(registry: Registry): Promise<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const { name, values } of await registry.getMetricsAsJSON()) {
    for (const each of values) {
      const own = 'metricName' in each ? String(each.metricName) : name;
      if (own.endsWith('_bucket') || !Number.isFinite(each.value)) continue;
      sums[own] = (sums[own] ?? 0) + each.value;
    }
  }
  return sums;
}
