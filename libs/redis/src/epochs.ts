import type { Logger } from '@parley/runtime';
import type { Cluster, Redis } from 'ioredis';
import type { Keys } from './keys.ts';
import { bounded } from './unavailable.ts';

/**
 * Does what must be done before numbers of a new epoch may be drawn in a partition, and answers the epoch's number,
 * above all that were open there. `previous` is what Redis still knows. May be called by several processes at once, and
 * again after it was called in vain.
 */
export type OpenEpoch = (partition: number, previous: number | undefined) => Promise<number>;

const RETRY_FIRST_MS = 50;
const RETRY_MAX_MS = 2_000;

/**
 * Which epoch is open in each partition. The draw's script has the last word: it refuses where the epoch that it was
 * called with is not open on that server in its present run. Then `refused` finds out: another process may have opened a
 * newer epoch, which is adopted; or the server has lost data, and a new epoch is opened.
 */
export class Epochs {
  readonly #client: Redis | Cluster;
  readonly #keys: Keys;
  readonly #openEpoch: OpenEpoch;
  readonly #logger: Logger | undefined;
  readonly #current: (number | undefined)[];
  readonly #opening = new Map<number, Promise<void>>();
  readonly #closed = new AbortController();

  constructor(client: Redis | Cluster, keys: Keys, openEpoch: OpenEpoch, logger: Logger | undefined) {
    this.#client = client;
    this.#keys = keys;
    this.#openEpoch = openEpoch;
    this.#logger = logger;
    this.#current = Array<undefined>(keys.partitions).fill(undefined);
  }

  /** The epoch to draw in; undefined where none is known to be open, so nothing may be drawn. */
  current(partition: number): number | undefined {
    return this.#current[partition];
  }

  /** The server refused this epoch. Looks for the open one in the background, or opens one. */
  refused(partition: number, epoch: number | undefined): void {
    if (this.#current[partition] !== epoch) return; // an answer from before the present epoch
    this.#current[partition] = undefined;
    void this.#find(partition);
  }

  /** Looks at every partition, as after a reconnect. Resolves when all have an open epoch, or on close. */
  async checkAll(): Promise<void> {
    await Promise.all(Array.from({ length: this.#keys.partitions }, (_, partition) => this.#find(partition)));
  }

  close(): void {
    this.#closed.abort();
  }

  #find(partition: number): Promise<void> {
    const running = this.#opening.get(partition);
    if (running !== undefined) return running;
    const started = this.#findUntilOpen(partition).finally(() => this.#opening.delete(partition));
    this.#opening.set(partition, started);
    return started;
  }

  async #findUntilOpen(partition: number): Promise<void> {
    for (let attempt = 0; !this.#closed.signal.aborted; attempt += 1) {
      try {
        if (await this.#findOnce(partition)) return;
      } catch (error) {
        this.#logger?.warn({ err: error, partition, attempt }, 'no epoch of the numbers could be opened yet');
        await Bun.sleep(retryDelayMs(attempt));
      }
    }
  }

  /** Whether an epoch is open now. Opening one needs another look: a second process may have been quicker. */
  async #findOnce(partition: number): Promise<boolean> {
    const key = this.#keys.epoch(partition);
    const [run, n, openedIn] = (await bounded(this.#client.parleyReadEpoch(key))) as (string | null)[];
    const known = n == null ? undefined : Number(n);
    if (known !== undefined && openedIn === run) {
      this.#current[partition] = known;
      return true;
    }
    this.#current[partition] = undefined;
    const opened = await this.#openEpoch(partition, known);
    await bounded(this.#client.parleyOpenEpoch(key, opened, run ?? ''));
    this.#logger?.info({ partition, epoch: opened, previous: known }, 'an epoch of the numbers was opened');
    return false;
  }
}

function retryDelayMs(attempt: number): number {
  return Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(attempt, 10)) * (0.5 + Math.random() / 2);
}
