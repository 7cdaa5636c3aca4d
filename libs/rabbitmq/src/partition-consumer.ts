import type { EventHandler } from '@parley/domain';
import { type Logger, within } from '@parley/runtime';
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import { letterOfMalformed, letterOfRejection, type OutgoingLetter } from './dead-letter.ts';
import { type Batch, takeBatch } from './deliveries.ts';
import type { Outbox } from './outbox.ts';
import type { RabbitmqStats } from './stats.ts';
import type { Topology } from './topology.ts';

const PREFETCH = 16;
const PRIORITY_MAX = 1_000_000;
const DEAD_LETTER_MS = 5_000;
const CHANNEL_CLOSE_MS = 1_000;
const RETRY_FIRST_MS = 50;
const RETRY_MAX_MS = 2_000;

export interface PartitionConsumerOptions {
  readonly partition: number;
  readonly topology: Topology;
  readonly outbox: Outbox;
  readonly handle: EventHandler;
  readonly stats: RabbitmqStats;
  readonly logger: Logger | undefined;
  /** The consumer has lost its channel or its queue: everything is to be subscribed anew. */
  readonly failed: (model: ChannelModel) => void;
}

/** What one subscription has brought. Its deliveries can be acknowledged on its channel only. */
interface Subscription {
  readonly channel: Channel;
  readonly deliver: (message: ConsumeMessage | null) => void;
  readonly deliveries: ConsumeMessage[];
  alive: boolean;
  /** The consumer that takes one delivery at a time; undefined once a batch was committed. */
  cautious?: string | undefined;
}

/**
 * Takes the deliveries of one partition in order, one batch at a time, and never gives one back: what the handler
 * cannot store now is held and tried again. Of all processes that subscribe, one is active. A random priority, drawn
 * once, spreads the partitions over the processes.
 *
 * A subscription begins with a single delivery and gets more at once only after its first commit: losing a consumer
 * counts as a delivery, so a batch that ends the process wears out nothing but itself.
 */
export class PartitionConsumer {
  readonly #options: PartitionConsumerOptions;
  readonly #queue: string;
  readonly #priority = Math.floor(Math.random() * PRIORITY_MAX);
  readonly #stopping = new AbortController();
  #subscription: Subscription | undefined;
  #running: Promise<void> | undefined;

  constructor(options: PartitionConsumerOptions) {
    this.#options = options;
    this.#queue = options.topology.queue(options.partition);
  }

  async subscribe(model: ChannelModel): Promise<void> {
    const channel = await model.createChannel();
    const subscription: Subscription = {
      channel,
      deliver: (message) => (message === null ? lost() : this.#deliver(subscription, message)),
      deliveries: [],
      alive: true,
    };
    const lost = () => {
      subscription.alive = false;
      subscription.deliveries.length = 0;
      if (!this.#stopping.signal.aborted) this.#options.failed(model);
    };
    channel.on('error', () => {});
    channel.on('close', lost);
    this.#subscription = subscription;
    await channel.prefetch(1);
    const { consumerTag } = await channel.consume(this.#queue, subscription.deliver, { priority: this.#priority });
    subscription.cautious = consumerTag;
  }

  /** Resolves when the batch in the hand is done, or given up where it cannot be stored now. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    // Behind the last acknowledgement, which the end of the connection would overtake.
    const closed = this.#subscription?.channel.close() ?? Promise.resolve();
    await within(closed, CHANNEL_CLOSE_MS, () => new Error('late')).catch(() => {});
  }

  #deliver(subscription: Subscription, message: ConsumeMessage): void {
    const { stats } = this.#options;
    stats.deliveries += 1;
    if (message.fields.redelivered) stats.redeliveries += 1;
    subscription.deliveries.push(message);
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      await new Promise((resolve) => setImmediate(resolve)); // what has arrived by now comes along
      const subscription = this.#subscription;
      const batch = subscription && takeBatch(subscription.deliveries, this.#options.partition);
      if (subscription === undefined || batch === undefined) break;
      await this.#process(subscription, batch);
    }
    this.#running = undefined; // at once: what is delivered after the last look must begin a run of its own
  }

  async #process(subscription: Subscription, { last, events, malformed, fences }: Batch): Promise<void> {
    const { handle, partition, stats, outbox } = this.#options;
    const rejections = events.length === 0 ? [] : await this.#persist(subscription, 'store', () => handle(events));
    if (rejections === undefined) return;
    stats.batches += 1;
    const letters = [
      ...malformed.map((item) => letterOfMalformed(partition, item)),
      ...rejections.map((rejection) => letterOfRejection(partition, rejection)),
    ];
    for (const letter of letters) {
      if ((await this.#persist(subscription, 'put aside', () => this.#putAside(letter))) === undefined) return;
    }
    for (const { replyTo, correlationId } of fences) outbox.reply(replyTo, correlationId);
    this.#acknowledge(subscription, last);
  }

  /** Tries until it is done. Undefined where the source stops, or where the deliveries will come again anyway. */
  async #persist<T>(subscription: Subscription, what: string, attempt: () => Promise<T>): Promise<T | undefined> {
    const { stats, logger, partition } = this.#options;
    for (let tries = 0; ; tries += 1) {
      try {
        return await attempt();
      } catch (error) {
        stats.batchesRetried += 1;
        logger?.warn({ err: error, partition, tries }, `a batch could not be ${what}d yet`);
      }
      if (this.#stopping.signal.aborted || !subscription.alive) return undefined;
      await pause(retryDelayMs(tries), this.#stopping.signal);
      if (this.#stopping.signal.aborted || !subscription.alive) return undefined;
    }
  }

  async #putAside({ reason, content, options }: OutgoingLetter): Promise<true> {
    const { outbox, topology, stats } = this.#options;
    await outbox.publishWithin(DEAD_LETTER_MS, topology.deadLetters, content, options);
    stats.deadLetters[reason] += 1;
    return true;
  }

  #acknowledge(subscription: Subscription, last: ConsumeMessage): void {
    if (!subscription.alive) return; // stored and not acknowledged: it comes again, and the store knows it
    subscription.channel.ack(last, true);
    if (subscription.cautious !== undefined) this.#takeMore(subscription).catch(() => {}); // the channel was lost
  }

  /** A second consumer with a higher priority takes over from the first, which then goes; no other process comes between. */
  async #takeMore(subscription: Subscription): Promise<void> {
    const { channel, deliver, cautious = '' } = subscription;
    subscription.cautious = undefined;
    await channel.prefetch(PREFETCH);
    await channel.consume(this.#queue, deliver, { priority: this.#priority + 1 });
    await channel.cancel(cautious);
  }
}

function retryDelayMs(tries: number): number {
  return Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(tries, 10)) * (0.5 + Math.random() / 2);
}

/** Waits, but not longer than until the signal. */
async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  const stop = () => resolve();
  signal.addEventListener('abort', stop, { once: true });
  await promise;
  clearTimeout(timer);
  signal.removeEventListener('abort', stop);
}
