import type { FeedWindow } from '@parley/domain';
import type { Activity } from './activity.ts';
import { guarded } from './database.ts';
import type { EmbeddedFeed } from './feed.ts';
import type { SearchBacklog } from './search-backlog.ts';

const EVERY_MS = 1_000;
/** The pause after a transaction that may not have removed all. */
const REST_MS = 20;

/**
 * Keeps the inbox and the search tables up to date, and removes entries of the feed that are outside its window, between
 * requests.
 */
export class FeedUpkeep {
  #timer: Timer | undefined;

  constructor(
    private readonly feed: EmbeddedFeed,
    private readonly activity: Activity,
    private readonly backlog: SearchBacklog,
    private readonly window: FeedWindow,
  ) {}

  start(): void {
    this.#wait(REST_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #wait(milliseconds: number): void {
    this.#timer = setTimeout(() => {
      this.#run().then(
        (removed) => this.#goOn(removed > 0 ? REST_MS : EVERY_MS),
        () => this.#goOn(EVERY_MS), // most likely the disk is full: then creates fail with that error
      );
    }, milliseconds);
    this.#timer.unref();
  }

  async #run(): Promise<number> {
    await guarded(() => this.activity.catchUp());
    await guarded(() => this.backlog.flush());
    return this.#timer === undefined ? 0 : await this.feed.prune(this.window);
  }

  #goOn(milliseconds: number): void {
    if (this.#timer !== undefined) this.#wait(milliseconds);
  }
}
