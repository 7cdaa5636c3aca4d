import type { EventLog, Purge, Retained, Token } from '@parley/domain';
import type { Logger } from '@parley/runtime';
import { pause } from '@parley/runtime';
import { Cron } from 'croner';
import { Pace } from './pace.ts';
import type { PurgeClock } from './purge-job.ts';

export interface RetentionJobParts {
  readonly purge: Pick<Purge, 'retained' | 'expire'>;
  readonly events: Pick<EventLog, 'fence'>;
  readonly partitions: number;
  readonly logger: Logger;
  /** When it runs: a cron pattern with seconds. */
  readonly pattern: string;
  /** The share of the time that a run takes, above 0 and at most 1. */
  readonly share: number;
  readonly clock?: PurgeClock | undefined;
}

const APPLICATIONS_AT_ONCE = 100;
const CHATS_AT_ONCE = 100;
const FENCE_WITHIN_MS = 10_000;
const DAY_MS = 24 * 60 * 60 * 1_000;

/**
 * Hides the messages that are older than their application keeps them. The purge removes them then. Any number of
 * processes may do this.
 */
export class RetentionJob {
  readonly #parts: RetentionJobParts;
  readonly #clock: PurgeClock;
  readonly #pace: Pace;
  readonly #stopping = new AbortController();
  #cron: Cron | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(parts: RetentionJobParts) {
    this.#parts = parts;
    this.#clock = parts.clock ?? { now: () => performance.now(), pause };
    this.#pace = new Pace(parts.share, this.#clock.now);
  }

  /** Throws if the pattern is none. If a run still lasts at its next time, that time is skipped. */
  start(): void {
    this.#cron ??= new Cron(this.#parts.pattern, { protect: true }, () => {
      this.#running = this.run();
      return this.#running;
    });
  }

  /** Starts no further run; resolves when the running one has ended after its present step. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#cron?.stop();
    await this.#running;
  }

  /** Goes through all applications once. A failure is logged: the next run looks at what it has left out. Never rejects. */
  async run(): Promise<void> {
    for (let partition = 0; partition < this.#parts.partitions && this.#goesOn; partition += 1) {
      await this.#partition(partition).catch((error: unknown) => this.#failed(error, { partition }));
    }
  }

  get #goesOn(): boolean {
    return !this.#stopping.signal.aborted;
  }

  async #partition(partition: number): Promise<void> {
    let after: Token | undefined;
    while (this.#goesOn) {
      const page = await this.#parts.purge.retained(partition, after, APPLICATIONS_AT_ONCE);
      for (const application of page) {
        if (!this.#goesOn) return;
        const { token } = application;
        await this.#application(application).catch((error: unknown) => this.#failed(error, { token }));
      }
      if (page.length < APPLICATIONS_AT_ONCE) return;
      after = page.at(-1)?.token;
    }
  }

  /**
   * The fence comes after the time is read. So all messages that were accepted before that time are stored: none of them
   * can arrive below a number that is hidden.
   */
  async #application({ token, days }: Retained): Promise<void> {
    const { purge, events, logger } = this.#parts;
    const before = Date.now() - days * DAY_MS;
    const seq = await events.fence(token, FENCE_WITHIN_MS);
    let after: number | undefined = 0;
    let chats = 0;
    while (after !== undefined && this.#goesOn) {
      const from: number = after;
      await this.#pace.run(async () => {
        const expired = await purge.expire(token, before, seq, from, CHATS_AT_ONCE);
        chats += expired.chats;
        after = expired.next;
      });
      await this.#clock.pause(this.#pace.restMs, this.#stopping.signal);
    }
    if (chats > 0) logger.info({ token, chats }, 'messages are too old');
  }

  #failed(error: unknown, about: object): void {
    this.#parts.logger.warn({ err: error, ...about }, 'looking for old messages waits for its next time');
  }
}
