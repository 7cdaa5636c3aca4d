import { Unavailable } from '@parley/domain';
import { EPOCH_HEADER } from '@parley/protocol';
import { within } from '@parley/runtime';
import { away } from './connection.ts';
import { Outbox } from './outbox.ts';
import type { RabbitmqStats } from './stats.ts';

/** A fence without an answer for this long counts as lost and is sent again. */
const LOST_AFTER_MS = 3_000;

interface Waiter {
  readonly resolve: (seq: number) => void;
  readonly reject: (error: Error) => void;
  /** The epoch that the fence begins; 0: none. */
  readonly epoch: number;
}

interface InFlight {
  readonly id: string;
  readonly sentAt: number;
  readonly waiters: Set<Waiter>;
}

export interface PartitionFencesOptions {
  readonly outbox: Outbox;
  readonly partition: number;
  readonly queue: string;
  readonly stats: RabbitmqStats;
}

/**
 * The fences of one partition: messages that a worker answers when everything before them is stored. One fence is under
 * way at a time, for all calls of `wait` before it was sent. Later calls share the next one. So the queue never has
 * many fences, even if no worker answers for long.
 */
export class PartitionFences {
  readonly #options: PartitionFencesOptions;
  #inFlight: InFlight | undefined;
  #next = new Set<Waiter>();
  #sent = 0;

  constructor(options: PartitionFencesOptions) {
    this.#options = options;
  }

  /**
   * Resolves with the partition's `seq` (number of its last commit) when a fence is answered. From then on no event of
   * an older epoch than `epoch` is stored. Rejects with Unavailable after `timeoutMs`.
   */
  wait(timeoutMs: number, epoch = 0): Promise<number> {
    if (this.#options.outbox.state === 'away') return Promise.reject(away());
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const waiter = { resolve, reject, epoch };
    this.#next.add(waiter);
    this.#sendNext();
    return within(promise, timeoutMs, late).finally(() => this.#forget(waiter));
  }

  /** Called with each answer to a fence. Ignores one to an earlier fence. */
  replied(id: string, seq: number): void {
    if (this.#inFlight?.id !== id) return;
    for (const { resolve } of this.#inFlight.waiters) resolve(seq);
    this.#inFlight = undefined;
    this.#sendNext();
  }

  /** Sends a lost fence again if a call still waits for its answer. */
  expire(now: number): void {
    const inFlight = this.#inFlight;
    if (inFlight === undefined || now - inFlight.sentAt < LOST_AFTER_MS) return;
    for (const waiter of inFlight.waiters) this.#next.add(waiter);
    this.#inFlight = undefined;
    this.#sendNext();
  }

  /** Called when the connection is lost. Rejects all calls: answers come only on the connection that sent the fence. */
  lost(): void {
    const waiters = [...(this.#inFlight?.waiters ?? []), ...this.#next];
    this.#inFlight = undefined;
    this.#next.clear();
    for (const { reject } of waiters) reject(away());
  }

  #sendNext(): void {
    if (this.#inFlight !== undefined || this.#next.size === 0) return;
    const { outbox, partition, queue, stats } = this.#options;
    this.#sent += 1;
    stats.fences += 1;
    const inFlight = { id: `${partition}:${this.#sent}`, sentAt: performance.now(), waiters: this.#next };
    this.#inFlight = inFlight;
    this.#next = new Set();
    const epoch = Math.max(...[...inFlight.waiters].map((waiter) => waiter.epoch));
    const content = Buffer.from(JSON.stringify({ v: 1, partition, fence: inFlight.id }));
    outbox
      .publish(queue, content, {
        contentType: 'application/json',
        type: 'fence',
        replyTo: Outbox.replyTo,
        correlationId: inFlight.id,
        ...(epoch > 0 && { headers: { [EPOCH_HEADER]: epoch } }),
      })
      .catch((error: Error) => this.#failed(inFlight, error));
  }

  #failed(inFlight: InFlight, error: Error): void {
    for (const { reject } of inFlight.waiters) reject(error);
    if (this.#inFlight !== inFlight) return;
    this.#inFlight = undefined;
    this.#sendNext();
  }

  #forget(waiter: Waiter): void {
    this.#next.delete(waiter);
    this.#inFlight?.waiters.delete(waiter);
  }
}

function late(): Unavailable {
  return new Unavailable('event log', 'What was accepted before is not stored yet.');
}
