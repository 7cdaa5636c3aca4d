import type { CheckEvent, PassFence, StoreEvents } from '@parley/domain';
import {
  type Answer,
  type Letter,
  PartitionConsumption,
  type Step,
  type Subscription,
  systemClock,
} from '@parley/protocol';
import { type Logger, pause, within } from '@parley/runtime';
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import { letterOf } from './dead-letter.ts';
import type { Outbox } from './outbox.ts';
import { persist } from './persist.ts';
import type { RabbitmqStats } from './stats.ts';
import type { Topology } from './topology.ts';

/** The pause before a batch that threw an exception (a bug) is taken again. */
const RECOVER_AFTER_MS = 100;
/** The limit of delivered bytes that wait to be stored, in all partitions together; at least 4 MiB for each. */
const WAITING_BYTES_MAX = 96 * 1024 * 1024;
const PUBLISH_MS = 5_000;
const CHANNEL_CLOSE_MS = 1_000;

export interface PartitionConsumerOptions {
  readonly partition: number;
  readonly topology: Topology;
  readonly outbox: Outbox;
  readonly store: StoreEvents;
  readonly fence: PassFence;
  readonly check: CheckEvent;
  readonly stats: RabbitmqStats;
  readonly logger: Logger | undefined;
  /**
   * Called when the consumer has lost its channel or its queue. The connection must be replaced, with all
   * subscriptions.
   */
  readonly failed: (model: ChannelModel) => void;
  /** Called when this process begins to leave the partition to newer programs. */
  readonly held: () => void;
}

interface Handle {
  readonly model: ChannelModel;
  readonly channel: Channel;
}

type Subscribed = Subscription<ConsumeMessage, Handle>;
type ConsumptionStep = Step<ConsumeMessage, Handle>;

/**
 * Consumes one partition. PartitionConsumption decides what to do; this class opens channels, stores, acknowledges and
 * publishes. Consumers have no priorities: if one dies while another of a higher priority waits for its partition,
 * RabbitMQ keeps the dead one active for ever, and its deliveries come to no other consumer (seen with 4.3.6).
 */
export class PartitionConsumer {
  readonly #options: PartitionConsumerOptions;
  readonly #queue: string;
  readonly #rules: PartitionConsumption<ConsumeMessage, Handle>;
  readonly #stopping = new AbortController();
  /** Ends #gather, the wait for more deliveries, early. */
  #wake: () => void = () => {};
  #running: Promise<void> | undefined;

  constructor(options: PartitionConsumerOptions) {
    const { partition, topology, check } = options;
    this.#options = options;
    this.#queue = topology.queue(partition);
    const waitingBytesMax = WAITING_BYTES_MAX / topology.options.partitions;
    this.#rules = new PartitionConsumption({ partition, waitingBytesMax, check, clock: systemClock });
  }

  get active(): boolean {
    return this.#rules.active;
  }

  /** What this program did not know in a delivery. Once set, it leaves the partition to newer programs. */
  get unknown(): string | undefined {
    return this.#rules.unknown;
  }

  /**
   * Called when the process counts as healthy: if this consumer only waits for the partition, it subscribes anew with a
   * large prefetch.
   */
  async trust(): Promise<void> {
    const ended = this.#rules.trust();
    if (ended !== undefined) await this.#subscribeAnew(ended);
  }

  leave(): void {
    this.#rules.leave();
  }

  /** Consumes the queue on a new channel. Does nothing after a stop, or if the partition was left to newer programs. */
  async subscribe(model: ChannelModel): Promise<void> {
    if (this.#rules.stopped || this.#rules.unknown !== undefined) return;
    const channel = await model.createChannel();
    const subscription = this.#rules.begin({ model, channel });
    if (subscription === undefined) return void (await channel.close());
    channel.on('error', () => {});
    channel.on('close', () => this.#lost(subscription));
    await channel.prefetch(subscription.prefetch);
    await channel.consume(this.#queue, (message) => {
      if (message === null) this.#lost(subscription);
      else this.#deliver(subscription, message);
    });
  }

  /** Resolves when the running batch is done, or given up because it cannot be stored now. */
  async stop(): Promise<void> {
    this.#rules.stop();
    this.#stopping.abort();
    this.#wake();
    await this.#running;
    // The channel closes after the last ack; the connection's end could overtake that ack. async makes the throw of a
    // closed channel a rejection.
    const close = async () => this.#rules.current?.handle.channel.close();
    await within(close(), CHANNEL_CLOSE_MS, () => new Error('late')).catch(() => {});
  }

  #deliver(subscription: Subscribed, message: ConsumeMessage): void {
    const { stats } = this.#options;
    stats.deliveries += 1;
    if (message.fields.redelivered) stats.redeliveries += 1;
    if (this.#rules.deliver(subscription, message)) void this.#subscribeAnew(subscription);
    this.#running ??= this.#run();
    if (subscription.isUrgent) this.#wake();
  }

  #lost(subscription: Subscribed): void {
    if (this.#rules.lost(subscription)) this.#options.failed(subscription.handle.model);
    this.#wake();
  }

  async #run(): Promise<void> {
    try {
      const steps = this.#rules.batches();
      for (let step = steps.next(); !step.done; step = steps.next(await this.#do(step.value)));
    } catch (error) {
      this.#options.logger?.error({ err: error, partition: this.#options.partition }, 'a batch was given up');
      const ended = this.#rules.gaveUp();
      if (ended !== undefined) void this.#subscribeAnew(ended, RECOVER_AFTER_MS);
    } finally {
      this.#running = undefined; // at once, so that the next delivery begins a new run
    }
  }

  #do(step: ConsumptionStep): Promise<Answer> | Answer {
    const { partition, store, fence, outbox } = this.#options;
    switch (step.kind) {
      case 'turn':
        return new Promise((resolve) => setImmediate(() => resolve(undefined)));
      case 'gather':
        return this.#gather(step.milliseconds);
      case 'store':
        return this.#persist(step.subscription, 'store', () => store(step.events, partition));
      case 'put aside':
        return this.#persist(step.subscription, 'put aside', () => this.#putAside(step.letter));
      case 'pass fence':
        return this.#persist(step.subscription, 'pass the fence behind', () => fence(partition, step.epoch));
      case 'acknowledge':
        return this.#acknowledge(step);
      case 'answer':
        outbox.reply(step.fence.replyTo, step.fence.correlationId, step.seq);
        return undefined;
      case 'mark':
        return this.#mark(step.subscription);
      case 'subscribe anew':
        return this.#subscribeAnew(step.subscription);
      case 'hold':
        return this.#hold(step);
    }
  }

  async #gather(milliseconds: number): Promise<undefined> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => resolve(undefined), milliseconds);
    this.#wake = () => resolve(undefined);
    await promise;
    clearTimeout(timer);
  }

  /**
   * Retries `attempt` and returns its result. Returns undefined if the source stops or the subscription ends: then
   * redeliveries come.
   */
  #persist<T>(subscription: Subscribed, what: string, attempt: () => Promise<T>): Promise<T | undefined> {
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

  async #putAside(letter: Letter): Promise<true> {
    const { partition, outbox, topology, stats, logger } = this.#options;
    const { reason, detail, event, content, options } = letterOf(partition, letter);
    await outbox.publishWithin(PUBLISH_MS, topology.deadLetters, content, options);
    stats.deadLetters[reason] += 1;
    logger?.error({ partition, reason, detail, eventId: event }, 'put aside as a dead letter');
    return true;
  }

  /** Acks. Returns false if the channel has ended: the messages come again, and the store recognizes them. */
  #acknowledge({ subscription, messages, all }: ConsumptionStep & { kind: 'acknowledge' }): boolean {
    const { channel } = subscription.handle;
    const last = messages.at(-1);
    try {
      if (all && last !== undefined) channel.ack(last, true);
      else for (const message of messages) channel.ack(message);
      this.#options.stats.batches += 1;
      return true;
    } catch {
      this.#lost(subscription);
      return false;
    }
  }

  /**
   * Publishes a mark, a fence without a reply address, into this partition's queue. It comes after all redeliveries.
   */
  #mark(subscription: Subscribed): undefined {
    const { outbox, partition } = this.#options;
    const content = Buffer.from(JSON.stringify({ v: 1, partition, fence: 'mark' }));
    const options = { contentType: 'application/json', type: 'fence' };
    void this.#persist(subscription, 'mark', () => outbox.publishWithin(PUBLISH_MS, this.#queue, content, options));
  }

  /**
   * Closes the channel, and after `afterMs` milliseconds subscribes again, behind the consumers that wait for the
   * partition.
   */
  async #subscribeAnew({ handle: { channel, model } }: Subscribed, afterMs = 0): Promise<undefined> {
    this.#wake();
    try {
      await within(channel.close(), CHANNEL_CLOSE_MS, () => new Error('late'));
      if (afterMs > 0) await pause(afterMs, this.#stopping.signal);
      await this.subscribe(model);
    } catch {
      this.#options.failed(model);
    }
  }

  /** Closes the channel: what this program does not know stays in the queue for a newer worker. */
  async #hold({ subscription, unknown }: ConsumptionStep & { kind: 'hold' }): Promise<undefined> {
    const { partition, logger, held, failed } = this.#options;
    const { channel, model } = subscription.handle;
    const advice = 'start a newer worker: this one leaves the partition to others until it is restarted';
    logger?.error({ partition, unknown, advice }, 'met what this program is too old to know');
    held();
    const closing = async () => channel.close(); // async makes the throw of a closed channel a rejection
    await within(closing(), CHANNEL_CLOSE_MS, () => new Error('late')).catch(() => failed(model));
  }
}
