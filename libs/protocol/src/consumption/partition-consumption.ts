import type { CheckEvent, Event, Rejection } from '@parley/domain';
import type { Clock } from '../clock.ts';
import { BATCH_BYTES_MAX, type Batch } from './batch.ts';
import type { Delivery, Letter, Message } from './message.ts';
import { PREFETCH, PREFETCH_LARGE, Prefetch } from './prefetch.ts';
import { type Decided, eventsOf } from './returned.ts';
import { ask, type Steps } from './steps.ts';
import { Subscription } from './subscription.ts';

/**
 * Milliseconds from one batch to the next under load: deliveries meanwhile are stored together, because a transaction
 * costs as much for 50 rows as for one.
 */
export const GATHER_MS = 20;
/**
 * If a batch takes long, the machine is busy: the next batch begins after this many times its duration. So there are
 * fewer and larger transactions, which cost less for each row.
 */
const GATHER_TIMES = 3;
/** The maximum number of milliseconds from one batch to the next, unless storing takes longer. */
export const GATHER_MS_MAX = 60;

export interface PartitionConsumptionOptions {
  readonly partition: number;
  /** If more bytes than this wait to be stored, the consumer subscribes anew with a small prefetch. At least 4 MiB. */
  readonly waitingBytesMax: number;
  /** Checks that a value is an event, and that this program knows all of it. */
  readonly check: CheckEvent;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/**
 * The rules by which one partition is consumed, without I/O. Deliveries are taken in order, one batch at a time. None
 * is requeued, and none is acknowledged before it is stored and its dead letters are confirmed. RabbitMQ keeps one
 * consumer of the partition active until its channel ends; then the one that has waited longest becomes active.
 *
 * At a message with something that only a newer program knows, the consumption ends until a restart: it stores what is
 * before the message, closes the channel once, and leaves the partition to newer programs. So each old process causes
 * one redelivery only.
 *
 * The caller reports what happens by calling the methods. It runs `batches` when something was delivered, unless
 * `batches` runs already.
 */
export class PartitionConsumption<M extends Message, Handle> {
  readonly #options: PartitionConsumptionOptions;
  readonly #prefetch: Prefetch;
  #current: Subscription<M, Handle> | undefined;
  /**
   * Whether all redeliveries must be delivered at once, however large: the last one may have the chat of the first
   * one's message.
   */
  #needsAll = false;
  #takenAt = Number.NEGATIVE_INFINITY;
  /** From one batch to the next, in milliseconds. */
  #gatherMs = GATHER_MS;
  #stopped = false;
  #unknown: string | undefined;

  constructor(options: PartitionConsumptionOptions) {
    this.#options = options;
    this.#prefetch = new Prefetch(options.clock);
  }

  /** Whether RabbitMQ delivers the partition to this consumer. */
  get active(): boolean {
    return this.#current?.active === true && this.#current.alive;
  }

  get current(): Subscription<M, Handle> | undefined {
    return this.#current;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** What a message had that only a newer program knows. Since then this consumer leaves the partition to others. */
  get unknown(): string | undefined {
    return this.#unknown;
  }

  /**
   * Begins a subscription on the channel `handle`; undefined after a stop, or if the partition was left to newer
   * programs.
   */
  begin(handle: Handle): Subscription<M, Handle> | undefined {
    if (this.#stopped || this.#unknown !== undefined) return undefined;
    this.#current = new Subscription(handle, this.#prefetch.allowed);
    return this.#current;
  }

  /**
   * Takes a message. Returns true if too many bytes wait now: the caller must subscribe anew, with a smaller prefetch.
   */
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

  /**
   * Called when a channel has ended. Returns true if the caller must subscribe anew; false if it was ended on purpose.
   */
  lost(subscription: Subscription<M, Handle>): boolean {
    if (!subscription.alive) return false;
    subscription.end();
    if (subscription.active && !subscription.committed) this.#prefetch.lostUncommitted();
    return !this.#stopped;
  }

  /**
   * Called when the process has run for a while without a crash. Returns the subscription that must be made anew with a
   * larger prefetch, if this one waits with prefetch 1.
   */
  trust(): Subscription<M, Handle> | undefined {
    const subscription = this.#current;
    if (subscription === undefined || !subscription.alive || subscription.active) return undefined;
    if (!this.#prefetch.trust()) return undefined;
    subscription.end();
    return subscription;
  }

  /** Gives the partition to another waiting consumer after the next committed batch. */
  leave(): void {
    if (this.#current !== undefined) this.#current.leaving = true;
  }

  /**
   * Called when a batch threw an exception, which is a bug. Returns the subscription that the caller must make anew.
   */
  gaveUp(): Subscription<M, Handle> | undefined {
    // With prefetch 1 only the delivery that fails uses up its delivery limit.
    this.#prefetch.takeFew(1);
    const subscription = this.#current;
    if (subscription === undefined || !subscription.alive) return undefined;
    subscription.end();
    return subscription;
  }

  /** A graceful stop: takes no further batch, and gives up the running one at the first step that fails. */
  stop(): void {
    this.#stopped = true;
  }

  /** Handles batch after batch, until no delivery is left or the consumer stops. */
  *batches(): Steps<M, Handle, void> {
    while (!this.#stopped) {
      yield* ask({ kind: 'turn' });
      yield* this.#gather();
      const subscription = this.#current;
      const batch = this.#stopped ? undefined : subscription?.take(this.#options.partition, this.#options.check);
      if (subscription === undefined || batch === undefined) return;
      this.#takenAt = this.#options.clock.monotonic();
      yield* this.#handle(subscription, batch);
      const took = this.#options.clock.monotonic() - this.#takenAt;
      this.#gatherMs = Math.min(Math.max(GATHER_MS, GATHER_TIMES * took), GATHER_MS_MAX);
    }
  }

  /**
   * Waits for more deliveries until `#gatherMs` after the last batch began. So a delivery that comes alone need not wait.
   */
  *#gather(): Steps<M, Handle, void> {
    const milliseconds = this.#takenAt + this.#gatherMs - this.#options.clock.monotonic();
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
    // The message that only a newer program knows is a redelivery too: not all have come, and no more will be taken.
    if (returned.waiting === 0 || batch.unknown !== undefined) return true;
    // No consumer has more than PREFETCH unacked deliveries, so all redeliveries have come.
    if (returned.waiting >= PREFETCH) return yield* this.#finishReturned(subscription);
    // The waiting redeliveries fill the prefetch: RabbitMQ sends no more before an acknowledgement.
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

  /**
   * Called when all redeliveries have come, which RabbitMQ sends before fresh deliveries. Finishes those that wait, and
   * rejects their events that still miss an application or chat.
   */
  #finishReturned(subscription: Subscription<M, Handle>): Steps<M, Handle, boolean> {
    return this.#settle(subscription, subscription.returned.finish());
  }

  /** Stores events and returns the rejected ones; undefined if that was given up or the subscription ended. */
  *#store(
    subscription: Subscription<M, Handle>,
    events: readonly Event[],
  ): Steps<M, Handle, readonly Rejection[] | undefined> {
    if (events.length === 0) return [];
    const rejections = yield* ask({ kind: 'store', subscription, events });
    return subscription.alive ? rejections : undefined;
  }

  /**
   * Publishes dead letters, passes the fences in the store, acknowledges the deliveries, answers the fences. Returns
   * false if a step was given up.
   */
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
   * Passes fences in the store by one commit, and begins the newest epoch that they name, if any. Returns `seq`, the
   * partition's number of changes; 0 without a fence; undefined if the step was given up.
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
