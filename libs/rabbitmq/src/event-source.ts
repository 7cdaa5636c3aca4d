import type { CheckEvent, EventSource, PassFence, StoreEvents } from '@parley/domain';
import { type Logger, within } from '@parley/runtime';
import type { Channel, ChannelModel } from 'amqplib';
import { away, Connection } from './connection.ts';
import type { Outbox } from './outbox.ts';
import { PartitionConsumer } from './partition-consumer.ts';
import type { RabbitmqStats } from './stats.ts';
import type { Topology } from './topology.ts';

/** A delivery that crashes the process does so early: after this time the process counts as healthy. */
const SETTLED_AFTER_MS = 5_000;
const SHARE_EVERY_MS = 1_500;
const LOOK_MS = 2_000;

export interface RabbitSourceOptions {
  readonly url: string;
  readonly topology: Topology;
  /** Publishes dead letters and the answers to fences. */
  readonly outbox: Outbox;
  /** Checks an event, and whether this program knows all of its fields. */
  readonly check: CheckEvent;
  readonly stats: RabbitmqStats;
  readonly logger: Logger | undefined;
}

/** A partition that this process leaves to newer programs, and what it did not know there. */
export interface Held {
  readonly partition: number;
  readonly unknown: string;
}

/** The consuming end of the event log: all partitions, on a connection that publishes nothing. */
export class RabbitSource implements EventSource {
  readonly #options: RabbitSourceOptions;
  #connection: Connection | undefined;
  #settling: Timer | undefined;
  #sharing: Timer | undefined;
  #settled = false;
  /**
   * The channel on which this process consumes `<prefix>.workers`. That queue has no messages: the number of its
   * consumers tells how many processes share the partitions.
   */
  #presence: Channel | undefined;
  /** The consumer tag on `<prefix>.workers`; undefined while this process is not counted there. */
  #presenceTag: string | undefined;
  #consumers: PartitionConsumer[] = [];
  #stopped: Promise<void> = Promise.resolve();

  constructor(options: RabbitSourceOptions) {
    this.#options = options;
  }

  /** Whether this source consumes, but has no connection right now. */
  get isAway(): boolean {
    return this.#connection?.state === 'away';
  }

  /**
   * Resolves when the source has subscribed. May be called again after `stop`. Rejects with WrongRabbitmq if waiting
   * for RabbitMQ cannot help.
   */
  async consume(store: StoreEvents, fence: PassFence = async () => 0): Promise<void> {
    if (this.#connection !== undefined) throw new Error('the source is consumed already');
    const { url, topology, stats, logger } = this.#options;
    const connection = new Connection({
      url,
      name: 'parley consumer',
      setup: (model) => this.#subscribe(model),
      lost: () => {},
      stats,
      logger,
    });
    this.#connection = connection;
    this.#consumers = Array.from(
      { length: topology.options.partitions },
      (_, partition) =>
        new PartitionConsumer({
          ...this.#options,
          partition,
          store,
          fence,
          failed: (model) => connection.reconnect(model),
          held: () => void this.#disappear(),
        }),
    );
    this.#settled = false;
    this.#presence = undefined;
    await this.#options.outbox.open();
    await connection.open();
    this.#settling = setTimeout(() => void this.#settle(connection), SETTLED_AFTER_MS);
  }

  /** The partitions that this process leaves to newer programs. */
  get held(): readonly Held[] {
    return this.#consumers.flatMap(({ unknown }, partition) => (unknown === undefined ? [] : [{ partition, unknown }]));
  }

  /**
   * Called after SETTLED_AFTER_MS without a crash. A younger process may take only one delivery at a time. So only now
   * this one is counted among those that share the partitions.
   */
  async #settle(connection: Connection): Promise<void> {
    await Promise.all(this.#consumers.map((consumer) => consumer.trust()));
    if (this.#connection !== connection) return; // the source was stopped meanwhile
    this.#settled = true;
    try {
      await this.#appear(connection.model());
    } catch {
      // No connection: #subscribe calls #appear on the next one.
    }
    if (this.#connection !== connection) return;
    this.#sharing = setInterval(() => void this.#share(), SHARE_EVERY_MS * (0.5 + Math.random()));
  }

  /** Consumes `<prefix>.workers`, to count as a worker that shares the partitions; not if too old for one of them. */
  async #appear(model: ChannelModel): Promise<void> {
    const presence = await model.createChannel();
    const lost = () => this.#connection?.reconnect(model);
    presence.on('error', () => {}); // the event 'close' follows
    presence.on('close', lost);
    const { workers } = this.#options.topology;
    this.#presence = presence;
    this.#presenceTag = undefined;
    if (this.held.length > 0) return;
    const { consumerTag } = await presence.consume(workers, (message) => message === null && lost(), { noAck: true });
    this.#presenceTag = consumerTag;
    if (this.held.length > 0) await this.#disappear();
  }

  /** Ends the consumer on `<prefix>.workers`: others must not leave partitions to a process that is too old for one. */
  async #disappear(): Promise<void> {
    const [presence, tag] = [this.#presence, this.#presenceTag];
    this.#presenceTag = undefined;
    if (presence === undefined || tag === undefined) return;
    const cancel = async () => presence.cancel(tag); // async makes the throw of a closed channel a rejection
    // a failure is harmless: the consumer also ends with its connection
    await within(cancel(), LOOK_MS, away).catch(() => {});
  }

  /**
   * The first process gets all partitions, so a process with more than its share leaves one at a time. It counts the
   * processes by the consumers of `<prefix>.workers`: RabbitMQ does not say how many wait for a partition. A process
   * that is too old for one partition leaves all of them, if there is another process.
   */
  async #share(): Promise<void> {
    const active = this.#consumers.filter((consumer) => consumer.active);
    const presence = this.#presence;
    if (active.length === 0 || presence === undefined) return;
    try {
      // async makes the throw of a closed channel a rejection
      const look = async () => presence.checkQueue(this.#options.topology.workers);
      const { consumerCount } = await within(look(), LOOK_MS, away);
      const sharing = this.held.length === 0;
      const share = sharing || consumerCount === 0 ? Math.ceil(this.#consumers.length / Math.max(1, consumerCount)) : 0;
      if (active.length > share) active[Math.floor(Math.random() * active.length)]?.leave();
    } catch {
      // The next call tries again.
    }
  }

  async stop(): Promise<void> {
    const connection = this.#connection;
    clearTimeout(this.#settling);
    clearInterval(this.#sharing);
    if (connection !== undefined) {
      this.#connection = undefined;
      this.#stopped = Promise.all(this.#consumers.map((consumer) => consumer.stop())).then(() => connection.close());
    }
    await this.#stopped;
  }

  async #subscribe(model: ChannelModel): Promise<void> {
    const { topology } = this.#options;
    await topology.declare(model);
    if (this.#settled) await this.#appear(model);
    for (const consumer of this.#consumers) await consumer.subscribe(model);
  }
}
