import type { Counters, CountPosition, FeedWindow, Ledger } from '@parley/domain';
import type { Logger } from '@parley/runtime';
import { Cron } from 'croner';
import { Counter, Histogram, type Registry } from 'prom-client';
import { Pace } from './pace.ts';

export interface JobsParts {
  readonly ledger: Ledger;
  readonly partitions: number;
  /** Lets the database use what only this version knows, once no older program runs. */
  readonly raiseLevel: () => Promise<void>;
  readonly counters: Counters;
  /** How long the records of writes are kept for the feed. */
  readonly window: FeedWindow;
  readonly logger: Logger;
  readonly registry: Registry;
  /** When new rows are added to the stored counts (flush): a cron pattern with seconds. */
  readonly flushPattern: string;
  /** When the next slice of the counts is checked (recount): a cron pattern with seconds. */
  readonly recountPattern: string;
}

const PRUNE_AT_ONCE = 1_000;
const RECOUNT_AT_ONCE = 100;
/**
 * The recount may take this share of the time. It reads every row, and must not make creates slower as rows grow in
 * number.
 */
const RECOUNT_SHARE = 0.02;

/**
 * The jobs that run by the clock: the flush sums new rows into the counts, the recount looks for wrong ones. Each may
 * run in every worker: the flush takes a lock in the database, and the recount only reads. If a job still runs at its
 * next time, that time is skipped.
 */
export class Jobs {
  readonly #parts: JobsParts;
  readonly #crons: Cron[] = [];
  readonly #flushSeconds: Histogram;
  readonly #drifts: Counter;
  readonly #recountPace = new Pace(RECOUNT_SHARE);
  #running: Promise<void> = Promise.resolve();
  /** By partition: the counter generation that this worker flushed last. */
  readonly #flushed = new Map<number, number>();
  #recountAfter: CountPosition | undefined;
  #stopping = false;

  constructor(parts: JobsParts) {
    this.#parts = parts;
    this.#flushSeconds = new Histogram({
      name: 'parley_flush_seconds',
      help: 'Time to sum a partition’s generation of counts into the rows, in seconds',
      buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 30],
      registers: [parts.registry],
    });
    this.#drifts = new Counter({
      name: 'parley_count_drifts_total',
      help: 'Counts that were found wrong: a bug',
      registers: [parts.registry],
    });
  }

  start(): void {
    const { flushPattern, recountPattern } = this.#parts;
    this.#crons.push(new Cron(flushPattern, { protect: true }, () => this.#run('flush', () => this.flush())));
    this.#crons.push(
      new Cron(recountPattern, { protect: true }, () =>
        this.#run('recount', () => this.#recountPace.run(() => this.recount())),
      ),
    );
  }

  /** Starts no further job; resolves when the running ones have ended. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const cron of this.#crons) cron.stop();
    await this.#running;
  }

  /**
   * Flushes each partition separately, so that a failure in one does not hold up the others. Throws the first failure
   * at the end.
   */
  async flush(): Promise<void> {
    const failures: unknown[] = [];
    for (let partition = 0; partition < this.#parts.partitions && !this.#stopping; partition += 1) {
      await this.#flushPartition(partition).catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
    await this.#parts.raiseLevel();
  }

  /**
   * Sums a partition's new rows into the stored counts, then drops the live counts up to this worker's own last flush.
   * Later ones stay: a reader may still hold a row from before them, and adds them. Another worker may have flushed only
   * milliseconds ago.
   */
  async #flushPartition(partition: number): Promise<void> {
    const { ledger, counters, window, logger } = this.#parts;
    const ended = this.#flushSeconds.startTimer();
    const flushed = await ledger.rotateAndFlush(partition);
    if (flushed === undefined) return;
    ended();
    logger.debug({ partition, ...flushed }, 'counts flushed');
    const before = this.#flushed.get(partition);
    this.#flushed.set(partition, flushed.generation);
    if (before !== undefined) await counters.drop(partition, before);
    // Ends at a batch that is not full, not at an empty one, which might never come: idempotency keys expire all the
    // time.
    while (!this.#stopping && (await ledger.prune(partition, PRUNE_AT_ONCE, window)) >= PRUNE_AT_ONCE);
  }

  /** Compares the next slice of the counts with the stored rows; logs wrong ones. */
  async recount(): Promise<void> {
    const { drifts, next } = await this.#parts.ledger.recount(this.#recountAfter, RECOUNT_AT_ONCE);
    this.#recountAfter = next;
    this.#drifts.inc(drifts.length);
    for (const { sequence, ...counts } of drifts)
      this.#parts.logger.error({ ...sequence, ...counts }, 'a count is wrong');
  }

  #run(name: string, job: () => Promise<void>): Promise<void> {
    const run = job().catch((error: unknown) => {
      this.#parts.logger.warn({ err: error }, `${name} waits for its next time`);
    });
    this.#running = Promise.all([this.#running, run]).then(() => {});
    return run;
  }
}
