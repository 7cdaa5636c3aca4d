import type { CheckEvent, Event, Rejection } from '@parley/domain';
import type { Clock } from '../clock.ts';
import { BATCH_BYTES_MAX, type Batch } from './batch.ts';
import type { Delivery, Letter, Message } from './message.ts';
import { PREFETCH, PREFETCH_LARGE, Prefetch } from './prefetch.ts';
import { type Decided, eventsOf } from './returned.ts';
import { ask, type Steps } from './steps.ts';
import { Subscription } from './subscription.ts';

/** Under a load, what comes within this time is stored together: a transaction of one row costs as much as one of fifty. */
export const GATHER_MS = 20;

export interface PartitionConsumptionOptions {
  readonly partition: number;
  /** Above so many bytes that wait, a subscription is made anew with few deliveries at once. At least 4 MiB. */
  readonly waitingBytesMax: number;
  /** Tells what this program knows from what it does not. */
  readonly check: CheckEvent;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/**
 * The rules by which one partition is consumed, without any I/O. Deliveries are taken in order, one batch at a time; none
 * is given back, and none is acknowledged before it is stored and its dead letters are safe. Of all processes that subscribe,
 * RabbitMQ keeps one active until its channel ends; then the one that has waited longest is.
 *
 * What this program does not know (a later one wrote it) ends the consumption for good: what is before it is stored, the
 * channel is closed once, and the partition is left to newer programs. So a delivery is lost by each old process only once.
 *
 * Whoever uses this calls the methods when something happens, and runs `batches` whenever something was delivered and it is
 * not running.
 */
export class PartitionConsumption<M extends Message, Handle> {
  readonly #options: PartitionConsumptionOptions;
  readonly #prefetch: Prefetch;
  #current: Subscription<M, Handle> | undefined;
  /** What was returned is needed as a whole, however large it is. */
  #needsAll = false;
  #takenAt = Number.NEGATIVE_INFINITY;
  #stopped = false;
  #unknown: string | undefined;

  constructor(options: PartitionConsumptionOptions) {
    this.#options = options;
    this.#prefetch = new Prefetch(options.clock);
  }

  /** Whether the partition's deliveries come here. */
  get active(): boolean {
    return this.#current?.active === true && this.#current.alive;
  }

  get current(): Subscription<M, Handle> | undefined {
    return this.#current;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** What was met that this program does not know. The partition is left to others since. */
  get unknown(): string | undefined {
    return this.#unknown;
  }

  /** Begins a subscription; undefined where the partition is not to be subscribed to any more. */
  begin(handle: Handle): Subscription<M, Handle> | undefined {
    if (this.#stopped || this.#unknown !== undefined) return undefined;
    this.#current = new Subscription(handle, this.#prefetch.allowed);
    return this.#current;
  }

  /** Answers whether too much waits now: the subscription has ended and is to be made anew. */
  deliver(subscription: Subscription<M, Handle>, message: M): boolean {
    subscription.deliver(message);
    const { waitingBytesMax } = this.#options;
    if (subscription.waitingBytes <= Math.max(BATCH_BYTES_MAX, waitingBytesMax)) return false;
    if (subscription.prefetch <= PREFETCH_LARGE || !subscription.alive) return false;
    if (message.fields.redelivered && this.#needsAll) return false;
    this.#prefetch.takeFew(PREFETCH_LARGE);
    subscription.end();
    return true;
  }

  /** The channel has ended. Answers whether that was not known: everything is to be subscribed anew. */
  lost(subscription: Subscription<M, Handle>): boolean {
    if (!subscription.alive) return false;
    subscription.end();
    if (subscription.active && !subscription.committed) this.#prefetch.lostUncommitted();
    return !this.#stopped;
  }

  /** The process has lived for a while. Answers a subscription that has ended for that and is to be made anew. */
  trust(): Subscription<M, Handle> | undefined {
    const subscription = this.#current;
    if (subscription === undefined || !subscription.alive || subscription.active) return undefined;
    if (!this.#prefetch.trust()) return undefined;
    subscription.end();
    return subscription;
  }

  /** Leaves the partition to whoever waits for it, as soon as a batch is committed. */
  leave(): void {
    if (this.#current !== undefined) this.#current.leaving = true;
  }

  /** A batch ended in an exception, which is a bug. Answers a subscription that has ended and is to be made anew. */
  gaveUp(): Subscription<M, Handle> | undefined {
    // It comes again one at a time: only the delivery that fails uses up its delivery limit.
    this.#prefetch.takeFew(1);
    const subscription = this.#current;
    if (subscription === undefined || !subscription.alive) return undefined;
    subscription.end();
    return subscription;
  }

  /** The batch that is under way is given up where it cannot be stored now. */
  stop(): void {
    this.#stopped = true;
  }

  /** Handles batch after batch, until nothing is left. */
  *batches(): Steps<M, Handle, void> {
    while (!this.#stopped) {
      yield* ask({ kind: 'turn' });
      yield* this.#gather();
      const subscription = this.#current;
      const batch = this.#stopped ? undefined : subscription?.take(this.#options.partition, this.#options.check);
      if (subscription === undefined || batch === undefined) return;
      this.#takenAt = this.#options.clock.monotonic();
      yield* this.#handle(subscription, batch);
    }
  }

  /** What comes alone does not wait: only what comes soon after the last batch was taken. */
  *#gather(): Steps<M, Handle, void> {
    const milliseconds = this.#takenAt + GATHER_MS - this.#options.clock.monotonic();
    const subscription = this.#current;
    if (milliseconds < 1 || subscription === undefined || subscription.isEmpty || subscription.isUrgent) return;
    yield* ask({ kind: 'gather', milliseconds });
  }

  *#handle(subscription: Subscription<M, Handle>, batch: Batch<M>): Steps<M, Handle, void> {
    const stored = batch.returned
      ? yield* this.#storeReturned(subscription, batch)
      : (yield* this.#finishReturned(subscription)) && (yield* this.#storeFresh(subscription, batch));
    if (!stored || !subscription.alive) return;
    if (batch.unknown !== undefined) {
      this.#unknown = batch.unknown;
      subscription.end();
      yield* ask({ kind: 'hold', subscription, unknown: batch.unknown });
      return;
    }
    if (subscription.returned.waiting === 0) this.#needsAll = false;
    this.#prefetch.committed();
    if (this.#prefetch.allowed === subscription.prefetch && !subscription.leaving) return;
    subscription.end();
    yield* ask({ kind: 'subscribe anew', subscription });
  }

  *#storeFresh(subscription: Subscription<M, Handle>, { deliveries }: Batch<M>): Steps<M, Handle, boolean> {
    const rejections = yield* this.#store(subscription, eventsOf(deliveries));
    if (rejections === undefined) return false;
    return yield* this.#settle(subscription, { deliveries, rejections });
  }

  *#storeReturned(subscription: Subscription<M, Handle>, batch: Batch<M>): Steps<M, Handle, boolean> {
    const { returned } = subscription;
    const decided = yield* returned.add(batch.deliveries, (events) => this.#store(subscription, events));
    if (decided === undefined || !(yield* this.#settle(subscription, decided))) return false;
    // What is unknown was returned too, so not all have come, and no more will be taken.
    if (returned.waiting === 0 || batch.unknown !== undefined) return true;
    // A consumer never had more than this, so all that was returned has come.
    if (returned.waiting >= PREFETCH) return yield* this.#finishReturned(subscription);
    // Nothing more comes before some is acknowledged.
    if (returned.waiting >= subscription.prefetch) {
      this.#prefetch.needAll();
      this.#needsAll = true;
    }
    if (!subscription.marked) {
      subscription.marked = true;
      yield* ask({ kind: 'mark', subscription });
    }
    return true;
  }

  /** A delivery that nobody had before has come, so all returned ones have. */
  #finishReturned(subscription: Subscription<M, Handle>): Steps<M, Handle, boolean> {
    return this.#settle(subscription, subscription.returned.finish());
  }

  /** Stores events; undefined where the deliveries are not ours any more. */
  *#store(
    subscription: Subscription<M, Handle>,
    events: readonly Event[],
  ): Steps<M, Handle, readonly Rejection[] | undefined> {
    if (events.length === 0) return [];
    const rejections = yield* ask({ kind: 'store', subscription, events });
    return subscription.alive ? rejections : undefined;
  }

  /** Puts aside what can never be stored, passes the fences, acknowledges and answers. False where that was given up. */
  *#settle(subscription: Subscription<M, Handle>, { deliveries, rejections }: Decided<M>): Steps<M, Handle, boolean> {
    for (const letter of lettersOf(deliveries, rejections)) {
      if ((yield* ask({ kind: 'put aside', subscription, letter })) === undefined) return false;
    }
    const seq = yield* this.#passFences(subscription, deliveries);
    if (seq === undefined || !subscription.alive) return false;
    if (deliveries.length === 0) return true;
    const messages = deliveries.map(({ message }) => message);
    const all = subscription.returned.waiting === 0;
    if (!(yield* ask({ kind: 'acknowledge', subscription, messages, all }))) return false;
    subscription.committed = true;
    for (const { fence } of deliveries) if (fence !== undefined) yield* ask({ kind: 'answer', fence, seq });
    return true;
  }

  /**
   * The partition's seq, once the newest of the epochs that begin with these deliveries has begun in the store. 0 without
   * a fence, undefined where it was given up.
   */
  *#passFences(
    subscription: Subscription<M, Handle>,
    deliveries: readonly Delivery<M>[],
  ): Steps<M, Handle, number | undefined> {
    const fences = deliveries.flatMap(({ fence }) => (fence === undefined ? [] : [fence]));
    if (fences.length === 0) return 0;
    const epoch = Math.max(0, ...fences.map((fence) => fence.epoch ?? 0));
    return yield* ask({ kind: 'pass fence', subscription, epoch });
  }
}

function lettersOf<M extends Message>(
  deliveries: readonly Delivery<M>[],
  rejections: readonly Rejection[],
): readonly Letter[] {
  return [
    ...deliveries.flatMap(({ malformed }) => malformed.map((item) => ({ malformed: item }))),
    ...rejections.map((rejection) => ({ rejection })),
  ];
}
