import type { EmbeddedFeed } from './feed.ts';

const PRUNED_EVERY_MS = 10_000;
/** The pause after a transaction that may not have removed all. */
const REST_MS = 20;

/** Removes entries of the feed that are outside its window, in small transactions between requests. */
export class FeedUpkeep {
  #timer: Timer | undefined;

  constructor(private readonly feed: EmbeddedFeed) {}

  start(): void {
    this.#wait(REST_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #wait(milliseconds: number): void {
    this.#timer = setTimeout(() => {
      this.feed.prune().then(
        (removed) => this.#goOn(removed > 0 ? REST_MS : PRUNED_EVERY_MS),
        () => this.#goOn(PRUNED_EVERY_MS), // most likely the disk is full: then creates fail with that error
      );
    }, milliseconds);
    this.#timer.unref();
  }

  #goOn(milliseconds: number): void {
    if (this.#timer !== undefined) this.#wait(milliseconds);
  }
}
