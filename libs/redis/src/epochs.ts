import { ACKNOWLEDGE_WITHIN_MS, type EpochRegister } from '@parley/domain';
import { backoffMs, type Logger, pause } from '@parley/runtime';
import type { Cluster, Redis } from 'ioredis';
import type { Keys } from './keys.ts';
import { bounded } from './unavailable.ts';

/** Milliseconds after an epoch has ended until no number of it can still be acknowledged. */
const SETTLED_AFTER_MS = ACKNOWLEDGE_WITHIN_MS + 100;
const RETRY = { firstMs: 50, maxMs: 2_000 };

export interface EpochsOptions {
  readonly client: Redis | Cluster;
  readonly keys: Keys;
  /** Gives out new epochs. Without it this process draws no numbers and opens no epochs. */
  readonly register: EpochRegister | undefined;
  readonly logger: Logger | undefined;
}

/** The state of a partition's epoch in Redis. */
interface Found {
  /** The server's present run: another one after a restart or a failover. */
  readonly run: string;
  readonly n: number | undefined;
  /** `other`: Redis knows no epoch, or only one of another run, or one that has lost a counter. */
  readonly state: 'opening' | 'open' | 'other';
}

/**
 * Knows which epoch of the numbers is open in each partition. The script that draws decides: it refuses if the given
 * epoch is not open on that server in its present run. Then `refused` looks for the reason. If another process has
 * opened a newer epoch, this process adopts it. If the server has lost data, a new epoch is opened, in the steps of
 * docs/decisions/0012-epochs.md. After each step another process may continue.
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

  /** Returns the epoch to draw in. Undefined if none is known to be open: then nothing may be drawn. */
  current(partition: number): number | undefined {
    return this.#current[partition];
  }

  /** The number of partitions in which nothing can be drawn, for want of an open epoch. */
  get closed(): number {
    return this.#current.filter((epoch) => epoch === undefined).length;
  }

  /**
   * Call it when the server has refused this epoch. Resolves once it is known whether another process has opened a
   * newer epoch, which is then current. If not, one is opened in the background. Never rejects.
   */
  async refused(partition: number, epoch: number): Promise<void> {
    if (this.#current[partition] !== epoch) return; // a late reply about an earlier epoch
    this.#current[partition] = undefined;
    const found = await this.#look(partition).catch(() => undefined);
    if (found?.state === 'open') this.#current[partition] = found.n;
    else void this.#find(partition);
  }

  /**
   * Call it when a counter that was used in this epoch is missing. If Redis still lacks the counter, ends the epoch for
   * all processes, opens a new one in the background, and returns true.
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

  /** Looks for each partition's open epoch, for example after a reconnect, or opens one. Resolves when all have one. */
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

  /**
   * Whether an epoch is open. If not, tries to open one: call it again then, because another process may have been
   * faster.
   */
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
    // Wait until no draw of an older epoch can be acknowledged. Before the first epoch there were none.
    if (n > 1) await pause(SETTLED_AFTER_MS, this.#closed.signal);
    if (this.#closed.signal.aborted) return;
    // Redis may have lost a newer epoch; MySQL has not. If another process takes a number after this check, its later
    // claim ends this epoch.
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
