import type { CheckEvent, EventSource, PassFence, StoreEvents } from '@parley/domain';
import { type Logger, within } from '@parley/runtime';
import type { Channel, ChannelModel } from 'amqplib';
import { away, Connection } from './connection.ts';
import type { Outbox } from './outbox.ts';
import { PartitionConsumer } from './partition-consumer.ts';
import type { RabbitmqStats } from './stats.ts';
import type { Topology } from './topology.ts';

/** A crash happens early; after this time the process counts as healthy. */
const SETTLED_AFTER_MS = 5_000;
const SHARE_EVERY_MS = 1_500;
const LOOK_MS = 2_000;

export interface RabbitSourceOptions {
  readonly url: string;
  readonly topology: Topology;
  /** Dead letters and the answers to fences leave here. */
  readonly outbox: Outbox;
  /** Tells what this program knows from what it does not. */
  readonly check: CheckEvent;
  readonly stats: RabbitmqStats;
  readonly logger: Logger | undefined;
}

/** A partition that is left to newer programs, and what was met there. */
export interface Held {
  readonly partition: number;
  readonly unknown: string;
}

/** The consuming end of the log: all partitions, on a connection that publishes nothing. */
export class RabbitSource implements EventSource {
  readonly #options: RabbitSourceOptions;
  #connection: Connection | undefined;
  #settling: Timer | undefined;
  #sharing: Timer | undefined;
  #settled = false;
  /** The channel that tells the others of this process, and on which it looks how many they are. */
  #presence: Channel | undefined;
  /** By which this process counts among those that share the partitions. */
  #presenceTag: string | undefined;
  #consumers: PartitionConsumer[] = [];
  #stopped: Promise<void> = Promise.resolve();

  constructor(options: RabbitSourceOptions) {
    this.#options = options;
  }

  /** Whether it consumes, and cannot right now. */
  get isAway(): boolean {
    return this.#connection?.state === 'away';
  }

  /** After a stop it may be called again. Rejects with WrongRabbitmq where waiting for the server does not help. */
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

  /** What was met that this program does not know, in each partition that it has left to newer ones for that. */
  get held(): readonly Held[] {
    return this.#consumers.flatMap(({ unknown }, partition) => (unknown === undefined ? [] : [{ partition, unknown }]));
  }

  /**
   * A process that has lived for a while does not crash at what it gets. Only now the others learn of it, so that they
   * leave partitions to somebody who can take many deliveries at once.
   */
  async #settle(connection: Connection): Promise<void> {
    await Promise.all(this.#consumers.map((consumer) => consumer.trust()));
    if (this.#connection !== connection) return; // stopped meanwhile
    this.#settled = true;
    try {
      await this.#appear(connection.model());
    } catch {
      // With the next connection.
    }
    if (this.#connection !== connection) return;
    this.#sharing = setInterval(() => void this.#share(), SHARE_EVERY_MS * (0.5 + Math.random()));
  }

  /** From now on this process counts among those that share the partitions, unless it is too old for some. */
  async #appear(model: ChannelModel): Promise<void> {
    const presence = await model.createChannel();
    const lost = () => this.#connection?.reconnect(model);
    presence.on('error', () => {}); // told by 'close' too
    presence.on('close', lost);
    const { workers } = this.#options.topology;
    this.#presence = presence;
    this.#presenceTag = undefined;
    if (this.held.length > 0) return;
    const { consumerTag } = await presence.consume(workers, (message) => message === null && lost(), { noAck: true });
    this.#presenceTag = consumerTag;
    if (this.held.length > 0) await this.#disappear();
  }

  /** Nobody is to leave partitions to a process that is too old for what is in some. */
  async #disappear(): Promise<void> {
    const [presence, tag] = [this.#presence, this.#presenceTag];
    this.#presenceTag = undefined;
    if (presence === undefined || tag === undefined) return;
    const cancel = async () => presence.cancel(tag); // throws at once where the channel is closed
    await within(cancel(), LOOK_MS, away).catch(() => {}); // it counts no more once the connection has ended
  }

  /**
   * Whoever subscribes first gets all partitions, so those that have more than their share leave some to the others, one
   * at a time. How many there are is seen from a queue that each has a consumer on: of those that wait for a partition
   * RabbitMQ does not tell. A process that is too old for a partition has no share: it leaves the others too, where there
   * is somebody else.
   */
  async #share(): Promise<void> {
    const active = this.#consumers.filter((consumer) => consumer.active);
    const presence = this.#presence;
    if (active.length === 0 || presence === undefined) return;
    try {
      const look = async () => presence.checkQueue(this.#options.topology.workers); // throws at once where it is closed
      const { consumerCount } = await within(look(), LOOK_MS, away);
      const sharing = this.held.length === 0;
      const share = sharing || consumerCount === 0 ? Math.ceil(this.#consumers.length / Math.max(1, consumerCount)) : 0;
      if (active.length > share) active[Math.floor(Math.random() * active.length)]?.leave();
    } catch {
      // Next time, on the connection that there is by then.
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
