import type { Numbering, Purge, PurgeTask } from '@parley/domain';
import { backoffMs, type Logger, pause, readGauge } from '@parley/runtime';
import { Counter, type Registry } from 'prom-client';
import { Pace } from './pace.ts';

export interface PurgeJobParts {
  readonly purge: Purge;
  readonly partitions: number;
  readonly numbering: Pick<Numbering, 'retire'>;
  /** Removes the dead letters of what was deleted. Called soon after a delete, and when its rows are removed. */
  readonly sweep?: (() => Promise<void>) | undefined;
  readonly logger: Logger;
  readonly registry: Registry;
  /** The share of the time that the removal takes, above 0 and at most 1. */
  readonly share: number;
  readonly clock?: PurgeClock | undefined;
}

/** Milliseconds of a clock that never goes back, and a pause that the signal ends. */
export interface PurgeClock {
  readonly now: () => number;
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

const realClock: PurgeClock = { now: () => performance.now(), pause };

/** How often the job looks for new tasks. */
const LOOK_EVERY_MS = 1_000;
/**
 * How often the dead letters are swept without a cause: one may have come after the last sweep, or an operator or another
 * process may have had it in hand then.
 */
const SWEEP_EVERY_MS = 10 * 60 * 1_000;
/** How many of a partition's latest tasks it looks at when there are new ones, and how many retired ones it remembers. */
const LATEST_MAX = 200;
const RETIRED_MAX = 10_000;
const RETRY = { firstMs: 500, maxMs: 10_000 };

/**
 * Removes what is below deleted applications and chats, and messages that are too old: the oldest task of each partition
 * in turn, a step at a time. The database does other work meanwhile: if it is busy, steps take longer, and so do the
 * rests between them. Any number of processes may do this.
 */
export class PurgeJob {
  readonly #parts: PurgeJobParts;
  readonly #clock: PurgeClock;
  readonly #pace: Pace;
  readonly #rows: Counter;
  readonly #stopping = new AbortController();
  /** By partition: the task that this job has begun. */
  readonly #begun = new Map<number, string>();
  /** The tasks whose numbers this job has retired. */
  readonly #retired = new Set<string>();
  #retireDue = false;
  #waiting: Awaited<ReturnType<Purge['waiting']>> | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #sweepDue = false;
  #sweptAt = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | undefined;

  constructor(parts: PurgeJobParts) {
    this.#parts = parts;
    this.#clock = parts.clock ?? realClock;
    this.#pace = new Pace(parts.share, this.#clock.now);
    this.#rows = this.#metrics(parts.registry);
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Resolves when the running step has ended. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    let failures = 0;
    while (!signal.aborted) {
      try {
        if (await this.#round()) failures = 0;
        else await this.#clock.pause(LOOK_EVERY_MS, signal);
      } catch (error) {
        failures += 1;
        this.#parts.logger.warn({ err: error, failures }, 'the purge waits');
        await this.#clock.pause(backoffMs(failures - 1, RETRY), signal);
      }
    }
  }

  /**
   * Takes one step in each partition. A failure in one does not hold up the others: the first one is thrown at the end.
   * Returns whether something was removed.
   */
  async #round(): Promise<boolean> {
    const { partitions } = this.#parts;
    await this.#look();
    if (this.#waiting?.tasks === 0) return false;
    const failures: unknown[] = [];
    let removed = false;
    // Begins somewhere else than the job of another process, so that the two seldom wait for each other.
    const from = Math.floor(Math.random() * partitions);
    for (let place = 0; place < partitions && !this.#stopping.signal.aborted; place += 1) {
      if (this.#clock.now() - this.#lookedAt >= LOOK_EVERY_MS) await this.#look();
      try {
        if (await this.#step((from + place) % partitions)) removed = true;
      } catch (error) {
        failures.push(error);
      }
      await this.#clock.pause(this.#pace.restMs, this.#stopping.signal);
    }
    if (failures.length > 0) throw failures[0];
    return removed;
  }

  /**
   * Counts the tasks. If there are more than before, something was deleted: its dead letters go at once. If there are
   * fewer, a task has ended: the letters that came meanwhile go.
   */
  async #look(): Promise<void> {
    const before = this.#waiting?.tasks ?? 0;
    try {
      this.#waiting = await this.#parts.purge.waiting();
    } catch (error) {
      this.#waiting = undefined;
      throw error;
    }
    this.#lookedAt = this.#clock.now();
    if (this.#waiting.tasks > before) this.#retireDue = true;
    if (this.#retireDue) await this.#retireLatest();
    if (this.#waiting.tasks !== before || this.#lookedAt - this.#sweptAt >= SWEEP_EVERY_MS) this.#sweepDue = true;
    if (!this.#sweepDue) return;
    // Before the sweep: what is deleted meanwhile needs another one.
    this.#sweepDue = false;
    this.#sweptAt = this.#lookedAt;
    await this.#parts.sweep?.().catch((error: unknown) => {
      this.#sweepDue = true;
      this.#parts.logger.warn({ err: error }, 'the dead letters of what was deleted wait');
    });
  }

  /**
   * Ends the numbers of what was deleted lately, also if its task waits behind a long one: the delete itself may have
   * failed before it did that, and creates below would be accepted and then discarded. Tries again at the next look.
   */
  async #retireLatest(): Promise<void> {
    const { purge, partitions, logger } = this.#parts;
    this.#retireDue = false;
    try {
      for (let partition = 0; partition < partitions; partition += 1) {
        for (const task of await purge.latest(partition, LATEST_MAX)) await this.#retire(task);
      }
    } catch (error) {
      this.#retireDue = true;
      logger.warn({ err: error }, 'the numbers of what was deleted wait for their end');
    }
  }

  /** If Redis loses data later, the store's answer decides: so once is enough. */
  async #retire(task: PurgeTask): Promise<void> {
    const name = nameOf(task);
    if (task.through !== undefined || this.#retired.has(name)) return;
    await this.#parts.numbering.retire(task.owner);
    if (this.#retired.size >= RETIRED_MAX) this.#retired.clear();
    this.#retired.add(name);
  }

  /** Takes the next step of a partition's oldest task. Returns whether there was a task. */
  async #step(partition: number): Promise<boolean> {
    const { purge, logger } = this.#parts;
    const task = await purge.next(partition);
    if (task === undefined) {
      this.#begun.delete(partition);
      return false;
    }
    const about = { partition, ...task.owner, ...(task.through !== undefined && { through: task.through }) };
    if (this.#begun.get(partition) !== nameOf(task)) {
      await this.#begin(task);
      logger.info(about, 'removing what was deleted or is too old');
    }
    let rows: number | undefined;
    await this.#pace.run(async () => {
      rows = await purge.step(task);
    });
    if (rows === undefined) return true; // the rest was not over: a pause may end a little early
    this.#rows.inc(rows);
    if (rows === 0) {
      logger.info(about, 'removed');
      this.#sweepDue = true;
    }
    return true;
  }

  /**
   * A draw of the deleted must be refused before its rows are gone. Old messages of a chat that lives are no reason to
   * end its numbers.
   */
  async #begin(task: PurgeTask): Promise<void> {
    await this.#retire(task);
    if (task.through === undefined) this.#sweepDue = true;
    this.#begun.set(task.partition, nameOf(task));
  }

  #metrics(registry: Registry): Counter {
    const gauge = (name: string, help: string, read: () => number) => readGauge({ name, help, registry }, read);
    gauge(
      'parley_purge_tasks',
      'Deleted applications and chats whose rows are not all removed, and chats with messages that are too old',
      () => this.#waiting?.tasks ?? Number.NaN,
    );
    gauge(
      'parley_purge_oldest_seconds',
      'Age of the oldest delete whose rows are not all removed, in seconds; NaN while it is not known',
      () => {
        if (this.#waiting === undefined) return Number.NaN;
        const { oldestAt } = this.#waiting;
        return oldestAt === undefined ? 0 : Math.max(0, Date.now() - oldestAt) / 1_000;
      },
    );
    return new Counter({
      name: 'parley_purged_rows_total',
      help: 'Rows that were removed because they were deleted or too old',
      registers: [registry],
    });
  }
}

function nameOf({ owner, through, since }: PurgeTask): string {
  return `${owner.token} ${owner.chat ?? ''} ${through === undefined} ${since}`;
}
