import type { Counters, CountPosition, Ledger } from '@parley/domain';
import type { Logger } from '@parley/runtime';
import { Cron } from 'croner';
import { Counter, Histogram, type Registry } from 'prom-client';
import { Pace } from './pace.ts';

export interface JobsParts {
  readonly ledger: Ledger;
  /** How many there are. */
  readonly partitions: number;
  /** Lets the database use what this version knows, as soon as no older program runs. */
  readonly raiseLevel: () => Promise<void>;
  readonly counters: Counters;
  readonly logger: Logger;
  readonly registry: Registry;
  /** When the counts are summed into the rows: a cron pattern with seconds. */
  readonly flushPattern: string;
  /** When the next slice of the counts is checked: a cron pattern with seconds. */
  readonly recountPattern: string;
}

const PRUNE_AT_ONCE = 1_000;
const RECOUNT_AT_ONCE = 100;
/** Of the time. The recount reads every row that there is, and a create is to cost the same however many those are. */
const RECOUNT_SHARE = 0.02;

/**
 * What is done by the clock. Each job may run in every worker: the flush takes a lock in the database, and the recount
 * only reads. A job that is still running when its next time comes leaves that one out.
 */
export class Jobs {
  readonly #parts: JobsParts;
  readonly #crons: Cron[] = [];
  readonly #flushSeconds: Histogram;
  readonly #drifts: Counter;
  readonly #recountPace = new Pace(RECOUNT_SHARE);
  #running: Promise<void> = Promise.resolve();
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

  /** No job starts any more; resolves when the one in the hand has ended. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const cron of this.#crons) cron.stop();
    await this.#running;
  }

  /** Each partition by itself: one that fails does not hold up the others. */
  async flush(): Promise<void> {
    const failures: unknown[] = [];
    for (let partition = 0; partition < this.#parts.partitions && !this.#stopping; partition += 1) {
      await this.#flushPartition(partition).catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
    await this.#parts.raiseLevel();
  }

  /** Sums the counts and forgets the live view that nobody can need any more: a reader may still have the row before. */
  async #flushPartition(partition: number): Promise<void> {
    const { ledger, counters, logger } = this.#parts;
    const ended = this.#flushSeconds.startTimer();
    const flushed = await ledger.rotateAndFlush(partition);
    if (flushed === undefined) return;
    ended();
    logger.debug({ partition, ...flushed }, 'counts flushed');
    await counters.drop(partition, flushed.generation - 1);
    // Not until nothing is left: keys become outdated meanwhile, and there may always be some.
    while (!this.#stopping && (await ledger.prune(partition, PRUNE_AT_ONCE)) >= PRUNE_AT_ONCE);
  }

  /** Checks the next slice of the counts against what is stored. */
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
