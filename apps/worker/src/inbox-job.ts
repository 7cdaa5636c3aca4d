import type { Ledger } from '@parley/domain';
import { backoffMs, type Logger, pause } from '@parley/runtime';

export interface InboxJobParts {
  readonly ledger: Pick<Ledger, 'advanceActivity'>;
  readonly partitions: number;
  readonly logger: Logger;
  /** Milliseconds between two rounds. Default 1,000: the inbox is at most two seconds behind. */
  readonly everyMs?: number;
}

const EVERY_MS = 1_000;
const RETRY = { firstMs: 1_000, maxMs: 10_000 };

/**
 * Brings what was stored into the inbox, every second. Every worker looks at all partitions: a look at one where nothing
 * is left reads one row, and one worker at a time works in a partition.
 */
export class InboxJob {
  readonly #parts: InboxJobParts;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(parts: InboxJobParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Resolves when the running transaction has ended. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { logger, everyMs = EVERY_MS } = this.#parts;
    const { signal } = this.#stopping;
    let failures = 0;
    while (!signal.aborted) {
      try {
        await this.#round();
        failures = 0;
        await pause(everyMs, signal);
      } catch (error) {
        failures += 1;
        logger.warn({ err: error, failures }, 'the inbox waits');
        await pause(backoffMs(failures - 1, RETRY), signal);
      }
    }
  }

  /** A partition that fails does not hold up the others: the first failure is thrown at the end. */
  async #round(): Promise<void> {
    const { partitions } = this.#parts;
    const failures: unknown[] = [];
    // Begins somewhere else than other workers do, so that they share the work.
    const from = Math.floor(Math.random() * partitions);
    for (let place = 0; place < partitions; place += 1) {
      await this.#advance((from + place) % partitions).catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }

  async #advance(partition: number): Promise<void> {
    while (!this.#stopping.signal.aborted && (await this.#parts.ledger.advanceActivity(partition)) > 0);
  }
}
