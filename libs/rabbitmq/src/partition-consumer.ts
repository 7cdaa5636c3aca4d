import type { Event, PassFence, Rejection, StoreEvents } from '@parley/domain';
import { type Logger, within } from '@parley/runtime';
import type { ChannelModel, ConsumeMessage } from 'amqplib';
import { letterOfMalformed, letterOfRejection, type OutgoingLetter } from './dead-letter.ts';
import { BATCH_BYTES_MAX, type Batch, type Delivery, takeBatch } from './deliveries.ts';
import type { Outbox } from './outbox.ts';
import { pause, persist } from './persist.ts';
import { type Decided, eventsOf, ReturnedDeliveries } from './returned.ts';
import type { RabbitmqStats } from './stats.ts';
import { isPressing, isUrgent, type Subscription } from './subscription.ts';
import type { Topology } from './topology.ts';

/**
 * Many, because those of single creates are small, and the more are stored together, the less each costs. Twice as many
 * as a batch takes: the next batch is here while one is stored.
 */
const PREFETCH = 128;
/** Where large ones come, so long only so many: what waits in the hands of all partitions must not fill the memory. */
const PREFETCH_LARGE = 2;
/** So long it stays with few at once, where large ones came or a batch could not be decided. */
const FEW_FOR_MS = 60_000;
/** Before what has ended in an exception is taken again. */
const RECOVER_AFTER_MS = 100;
const WAITING_BYTES_MAX = 96 * 1024 * 1024;
/** Under a load, what comes within so long is stored together: a transaction of one row costs as much as one of fifty. */
const GATHER_MS = 20;
const PUBLISH_MS = 5_000;
const CHANNEL_CLOSE_MS = 1_000;

export interface PartitionConsumerOptions {
  readonly partition: number;
  readonly topology: Topology;
  readonly outbox: Outbox;
  readonly store: StoreEvents;
  readonly fence: PassFence;
  readonly stats: RabbitmqStats;
  readonly logger: Logger | undefined;
  /** The consumer has lost its channel or its queue: everything is to be subscribed anew. */
  readonly failed: (model: ChannelModel) => void;
}

/**
 * Takes the deliveries of one partition in order, one batch at a time, and never gives one back: what the handler
 * cannot store now is held and tried again. Of all processes that subscribe, one is active until its channel ends; then
 * the one that has waited longest is. Without priorities: a consumer that dies while RabbitMQ has another one with a
 * higher priority wait for it stays active for ever, and nobody gets what it had (seen with 4.3.6).
 *
 * A process begins with a single delivery at a time and gets more at once only after its first commit, or after it has
 * waited for a while: losing a consumer counts as a delivery, so a batch that ends the process wears out nothing but itself.
 */
export class PartitionConsumer {
  readonly #options: PartitionConsumerOptions;
  readonly #queue: string;
  readonly #waitingBytesMax: number;
  #prefetch = 1;
  #fewUntil = 0;
  /** What was returned has to be in the hand as a whole, however large it is. */
  #needsAll = false;
  #takenAt = 0;
  /** Ends the gathering. */
  #wake: () => void = () => {};
  readonly #stopping = new AbortController();
  #subscription: Subscription | undefined;
  #running: Promise<void> | undefined;

  constructor(options: PartitionConsumerOptions) {
    this.#options = options;
    this.#queue = options.topology.queue(options.partition);
    this.#waitingBytesMax = Math.max(BATCH_BYTES_MAX, WAITING_BYTES_MAX / options.topology.options.partitions);
  }

  /** Whether the partition's deliveries come here. */
  get active(): boolean {
    return this.#subscription?.active === true && this.#subscription.alive;
  }

  /** The process has lived for a while: where it only waits, it will take more than one at once from the beginning. */
  async trust(): Promise<void> {
    const subscription = this.#subscription;
    if (this.#prefetch !== 1 || subscription === undefined || !subscription.alive || subscription.active) return;
    this.#prefetch = PREFETCH;
    await this.#subscribeAgain(subscription);
  }

  /** Leaves the partition to whoever waits for it, as soon as a batch is committed. */
  leave(): void {
    if (this.#subscription !== undefined) this.#subscription.leaving = true;
  }

  async subscribe(model: ChannelModel): Promise<void> {
    const channel = await model.createChannel();
    const subscription: Subscription = {
      model,
      channel,
      deliver: (message) => (message === null ? lost() : this.#deliver(subscription, message)),
      deliveries: [],
      prefetch: this.#prefetch,
      waitingBytes: 0,
      urgent: false,
      returned: new ReturnedDeliveries(),
      marked: false,
      alive: true,
      active: false,
      committed: false,
      leaving: false,
    };
    const lost = () => this.#lose(subscription);
    channel.on('error', () => {});
    channel.on('close', lost);
    this.#subscription = subscription;
    await channel.prefetch(subscription.prefetch);
    await channel.consume(this.#queue, subscription.deliver);
  }

  /** Resolves when the batch in the hand is done, or given up where it cannot be stored now. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake();
    await this.#running;
    // Behind the last acknowledgement, which the end of the connection would overtake.
    const close = async () => this.#subscription?.channel.close(); // throws at once where it is closed already
    await within(close(), CHANNEL_CLOSE_MS, () => new Error('late')).catch(() => {});
  }

  #deliver(subscription: Subscription, message: ConsumeMessage): void {
    const { stats } = this.#options;
    stats.deliveries += 1;
    if (message.fields.redelivered) stats.redeliveries += 1;
    subscription.active = true;
    subscription.deliveries.push(message);
    subscription.waitingBytes += message.content.length;
    subscription.urgent ||= isPressing(message);
    this.#running ??= this.#run();
    if (isUrgent(subscription)) this.#wake();
    if (subscription.waitingBytes <= this.#waitingBytesMax || subscription.prefetch <= PREFETCH_LARGE) return;
    if (message.fields.redelivered && this.#needsAll) return;
    this.#takeFew(PREFETCH_LARGE);
    void this.#subscribeAgain(subscription);
  }

  async #run(): Promise<void> {
    try {
      while (!this.#stopping.signal.aborted) {
        await new Promise((resolve) => setImmediate(resolve)); // what has arrived by now comes along
        await this.#gather();
        if (this.#stopping.signal.aborted) break;
        const subscription = this.#subscription;
        const batch = subscription && takeBatch(subscription.deliveries, this.#options.partition);
        if (subscription === undefined || batch === undefined) break;
        for (const { message } of batch.deliveries) subscription.waitingBytes -= message.content.length;
        subscription.urgent = subscription.deliveries.some(isPressing);
        this.#takenAt = performance.now();
        await this.#process(subscription, batch);
      }
    } catch (error) {
      // A bug. What is in the hand comes again, one at a time: what ends a batch once more wears out nothing but itself.
      this.#options.logger?.error({ err: error, partition: this.#options.partition }, 'a batch was given up');
      this.#takeFew(1);
      if (this.#subscription !== undefined) void this.#subscribeAgain(this.#subscription, RECOVER_AFTER_MS);
    } finally {
      this.#running = undefined; // at once: what is delivered after the last look must begin a run of its own
    }
  }

  /** From the next subscription on, for a minute. */
  #takeFew(prefetch: number): void {
    this.#prefetch = prefetch;
    this.#fewUntil = performance.now() + FEW_FOR_MS;
  }

  /** What comes alone does not wait: only what comes soon after the last batch was taken. */
  async #gather(): Promise<void> {
    const wait = this.#takenAt + GATHER_MS - performance.now();
    const subscription = this.#subscription;
    if (wait < 1 || subscription === undefined || isUrgent(subscription)) return;
    if (subscription.deliveries.length === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, wait);
    this.#wake = resolve;
    await promise;
    clearTimeout(timer);
  }

  async #process(subscription: Subscription, { returned, deliveries }: Batch): Promise<void> {
    const done = returned
      ? await this.#storeReturned(subscription, deliveries)
      : (await this.#finishReturned(subscription)) && (await this.#storeFresh(subscription, deliveries));
    if (!done) return;
    this.#options.stats.batches += 1;
    if (subscription.returned.waiting === 0) this.#needsAll = false;
    if (performance.now() >= this.#fewUntil) this.#prefetch = PREFETCH;
    if (this.#prefetch === subscription.prefetch && !subscription.leaving) return;
    await this.#subscribeAgain(subscription);
  }

  async #storeFresh(subscription: Subscription, deliveries: readonly Delivery[]): Promise<boolean> {
    const rejections = await this.#store(subscription, eventsOf(deliveries));
    if (rejections === undefined) return false;
    return this.#settle(subscription, { deliveries, rejections });
  }

  async #storeReturned(subscription: Subscription, deliveries: readonly Delivery[]): Promise<boolean> {
    const { returned } = subscription;
    const decided = await returned.add(deliveries, (events) => this.#store(subscription, events));
    if (decided === undefined || !(await this.#settle(subscription, decided))) return false;
    // A consumer never had more than this, so all that was returned has come.
    if (returned.waiting >= PREFETCH) return this.#finishReturned(subscription);
    // Nothing more comes before some is acknowledged.
    if (returned.waiting >= subscription.prefetch) {
      this.#fewUntil = 0;
      this.#needsAll = true;
    }
    if (returned.waiting > 0) this.#mark(subscription);
    return true;
  }

  /** A delivery that was never handed on before has come, so all returned ones have. */
  #finishReturned(subscription: Subscription): Promise<boolean> {
    return this.#settle(subscription, subscription.returned.finish());
  }

  /** Stores events; undefined where the deliveries are not ours any more. */
  async #store(subscription: Subscription, events: readonly Event[]): Promise<readonly Rejection[] | undefined> {
    if (events.length === 0) return [];
    const rejections = await this.#persist(subscription, 'store', () =>
      this.#options.store(events, this.#options.partition),
    );
    return subscription.alive ? rejections : undefined;
  }

  /** Puts aside what can never be stored, answers the fences and acknowledges. False where that was given up. */
  async #settle(subscription: Subscription, { deliveries, rejections }: Decided): Promise<boolean> {
    if (!(await this.#putAside(subscription, deliveries, rejections))) return false;
    const seq = await this.#passFences(subscription, deliveries);
    if (seq === undefined || !subscription.alive) return false;
    if (!this.#acknowledge(subscription, deliveries)) return false;
    for (const { fence } of deliveries) {
      if (fence !== undefined) this.#options.outbox.reply(fence.replyTo, fence.correlationId, seq);
    }
    return true;
  }

  /** False where the connection is just being closed, for another partition: what was stored comes again, and is known. */
  #acknowledge(subscription: Subscription, deliveries: readonly Delivery[]): boolean {
    const { channel, returned } = subscription;
    const last = deliveries.at(-1);
    try {
      if (returned.waiting === 0 && last !== undefined) channel.ack(last.message, true);
      else for (const { message } of deliveries) channel.ack(message);
      subscription.committed ||= deliveries.length > 0;
      return true;
    } catch {
      this.#lose(subscription);
      return false;
    }
  }

  /**
   * The partition's seq, once the newest of the epochs that begin with these deliveries has begun in the store. 0 without
   * a fence, undefined where it was given up.
   */
  async #passFences(subscription: Subscription, deliveries: readonly Delivery[]): Promise<number | undefined> {
    const fences = deliveries.flatMap(({ fence }) => (fence === undefined ? [] : [fence]));
    if (fences.length === 0) return 0;
    const epoch = Math.max(0, ...fences.map((fence) => fence.epoch ?? 0));
    const { partition, fence } = this.#options;
    return this.#persist(subscription, 'pass the fence behind', () => fence(partition, epoch));
  }

  /** Whether all that can never be stored is safe among the dead letters. */
  async #putAside(
    subscription: Subscription,
    deliveries: readonly Delivery[],
    rejections: readonly Rejection[],
  ): Promise<boolean> {
    const { partition } = this.#options;
    const letters = [
      ...deliveries.flatMap(({ malformed }) => malformed.map((item) => letterOfMalformed(partition, item))),
      ...rejections.map((rejection) => letterOfRejection(partition, rejection)),
    ];
    for (const letter of letters) {
      if (!(await this.#persist(subscription, 'put aside', () => this.#publishLetter(letter)))) return false;
      const { reason, detail, event } = letter;
      this.#options.logger?.error({ partition, reason, detail, eventId: event }, 'put aside as a dead letter');
    }
    return true;
  }

  /** Sends a message to ourselves, behind all that was returned. */
  #mark(subscription: Subscription): void {
    if (subscription.marked) return;
    subscription.marked = true;
    const { outbox, partition } = this.#options;
    const content = Buffer.from(JSON.stringify({ v: 1, partition, fence: 'mark' }));
    const options = { contentType: 'application/json', type: 'fence' };
    const sent = () => outbox.publishWithin(PUBLISH_MS, this.#queue, content, options).then(() => true);
    void this.#persist(subscription, 'mark', sent);
  }

  /** Tries until it is done. Undefined where the source stops, or where the deliveries will come again anyway. */
  #persist<T>(subscription: Subscription, what: string, attempt: () => Promise<T>): Promise<T | undefined> {
    const { stats, logger, partition } = this.#options;
    return persist(attempt, {
      goOn: () => subscription.alive && !this.#stopping.signal.aborted,
      stop: this.#stopping.signal,
      failed: (error, tries) => {
        stats.batchesRetried += 1;
        logger?.warn({ err: error, partition, tries }, `could not ${what} a batch yet`);
      },
    });
  }

  async #publishLetter({ reason, content, options }: OutgoingLetter): Promise<true> {
    const { outbox, topology, stats } = this.#options;
    await outbox.publishWithin(PUBLISH_MS, topology.deadLetters, content, options);
    stats.deadLetters[reason] += 1;
    return true;
  }

  /** Behind the others that wait, `afterMs` milliseconds later. What is in the hand goes back with the end of the channel, to its place in the queue. */
  async #subscribeAgain(subscription: Subscription, afterMs = 0): Promise<void> {
    const { channel, model } = subscription;
    if (!subscription.alive) return;
    this.#end(subscription);
    try {
      await within(channel.close(), CHANNEL_CLOSE_MS, () => new Error('late'));
      if (afterMs > 0) await pause(afterMs, this.#stopping.signal);
      if (!this.#stopping.signal.aborted) await this.subscribe(model);
    } catch {
      this.#options.failed(model);
    }
  }

  #lose(subscription: Subscription): void {
    if (!subscription.alive) return;
    this.#end(subscription);
    // A lost consumer counts as a delivery of all that it had: what cannot be committed now is not to be worn out by losses.
    if (subscription.active && !subscription.committed) this.#prefetch = 1;
    if (!this.#stopping.signal.aborted) this.#options.failed(subscription.model);
  }

  #end(subscription: Subscription): void {
    subscription.alive = false;
    subscription.deliveries.length = 0;
    subscription.waitingBytes = 0;
    this.#wake();
  }
}
