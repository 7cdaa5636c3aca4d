import { ACKNOWLEDGE_WITHIN_MS, type EpochRegister } from '@parley/domain';
import { backoffMs, type Logger, pause } from '@parley/runtime';
import type { Cluster, Redis } from 'ioredis';
import type { Keys } from './keys.ts';
import { bounded } from './unavailable.ts';

/** Longer than anything drawn in an older epoch can still be acknowledged. */
const SETTLED_AFTER_MS = ACKNOWLEDGE_WITHIN_MS + 100;
const RETRY = { firstMs: 50, maxMs: 2_000 };

export interface EpochsOptions {
  readonly client: Redis | Cluster;
  readonly keys: Keys;
  /** Without it this process draws nothing, and opens nothing. */
  readonly register: EpochRegister | undefined;
  readonly logger: Logger | undefined;
}

/** What Redis says of a partition's epoch. */
interface Found {
  /** The server's present run. */
  readonly run: string;
  readonly n: number | undefined;
  /** `other`: Redis knows no epoch, or one of another run, or one in which a counter was lost. */
  readonly state: 'opening' | 'open' | 'other';
}

/**
 * Which epoch is open in each partition. The draw's script has the last word: it refuses where the epoch that it was
 * called with is not open on that server in its present run. Then `refused` finds out: another process may have opened a
 * newer epoch, which is adopted; or the server has lost data, and a new epoch is opened, step by step as
 * docs/decisions/0012-epochs.md says. After every step another process may go on.
 */
export class Epochs {
  readonly #options: EpochsOptions;
  readonly #current: (number | undefined)[];
  readonly #opening = new Map<number, Promise<void>>();
  readonly #closed = new AbortController();

  constructor(options: EpochsOptions) {
    this.#options = options;
    this.#current = Array<undefined>(options.keys.partitions).fill(undefined);
  }

  /** The epoch to draw in; undefined where none is known to be open, so nothing may be drawn. */
  current(partition: number): number | undefined {
    return this.#current[partition];
  }

  /** In how many partitions no number can be drawn. */
  get closed(): number {
    return this.#current.filter((epoch) => epoch === undefined).length;
  }

  /**
   * The server refused this epoch. Resolves when it is known whether another process has opened a newer one, which is
   * the current one then; otherwise one is opened in the background. Never rejects.
   */
  async refused(partition: number, epoch: number): Promise<void> {
    if (this.#current[partition] !== epoch) return; // an answer from before the present epoch
    this.#current[partition] = undefined;
    const found = await this.#look(partition).catch(() => undefined);
    if (found?.state === 'open') this.#current[partition] = found.n;
    else void this.#find(partition);
  }

  /**
   * A counter that was used in this epoch was missing. Where it still is, the epoch is ended for all, and another opened
   * in the background; answers whether that is so.
   */
  async lost(partition: number, epoch: number, counter: string): Promise<boolean> {
    const { client, keys, logger } = this.#options;
    if ((await bounded(client.parleyLoseEpoch(keys.epoch(partition), counter, epoch))) !== 1) return false;
    logger?.error(
      { partition, epoch, counter },
      'a counter was lost, so the numbers of the partition are secured anew',
    );
    await this.refused(partition, epoch);
    return true;
  }

  /** Looks at every partition, as after a reconnect. Resolves when all have an open epoch, or on close. */
  async checkAll(): Promise<void> {
    await Promise.all(this.#current.keys().map((partition) => this.#find(partition)));
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
    const { register, logger } = this.#options;
    if (register === undefined) return;
    for (let attempt = 0; !this.#closed.signal.aborted; attempt += 1) {
      try {
        if (await this.#findOnce(partition, register)) return;
      } catch (error) {
        logger?.warn({ err: error, partition, attempt }, 'no epoch of the numbers could be opened yet');
        await pause(backoffMs(attempt, RETRY), this.#closed.signal);
      }
    }
  }

  /** Whether an epoch is open. After a step another look is needed: a second process may have been quicker. */
  async #findOnce(partition: number, register: EpochRegister): Promise<boolean> {
    const { run, n, state } = await this.#look(partition);
    this.#current[partition] = state === 'open' ? n : undefined;
    if (state === 'open') return true;
    const goOn = state === 'opening' && n !== undefined && (await register.last(partition)) === n;
    if (goOn) await this.#finish(partition, n, run, register);
    else await this.#begin(partition, n ?? 0, run, register);
    return false;
  }

  async #look(partition: number): Promise<Found> {
    const { client, keys } = this.#options;
    const answer = await bounded(client.parleyReadEpoch(keys.epoch(partition)));
    const [run, n, claimedIn, state] = answer as (string | null)[];
    const known = state === 'opening' || state === 'open' ? state : 'other';
    return { run: run ?? '', n: n == null ? undefined : Number(n), state: claimedIn === run ? known : 'other' };
  }

  async #begin(partition: number, known: number, run: string, register: EpochRegister): Promise<void> {
    const { client, keys } = this.#options;
    const n = await register.next(partition, known);
    const claimed = await bounded(client.parleyClaimEpoch(keys.epoch(partition), n, run));
    if (claimed !== 1) return;
    await this.#finish(partition, n, run, register);
  }

  async #finish(partition: number, n: number, run: string, register: EpochRegister): Promise<void> {
    // Before the first there was none whose draws could be under way.
    if (n > 1) await pause(SETTLED_AFTER_MS, this.#closed.signal);
    if (this.#closed.signal.aborted) return;
    // Somebody may have begun a newer one, and Redis have forgotten that. Who takes a number from now on claims it later,
    // and that claim ends this epoch.
    if ((await register.last(partition)) !== n) return;
    if (n > 1) await register.begin(partition, n);
    await this.#open(partition, n, run);
  }

  async #open(partition: number, n: number, run: string): Promise<void> {
    const { client, keys, logger } = this.#options;
    const opened = await bounded(client.parleyOpenEpoch(keys.epoch(partition), n, run));
    if (opened === 1) logger?.info({ partition, epoch: n }, 'an epoch of the numbers was opened');
  }
}
