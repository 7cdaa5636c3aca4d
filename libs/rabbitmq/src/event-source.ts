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
  /** Publishes the dead letters and the answers to fences. */
  readonly outbox: Outbox;
  /** Checks an event, and whether this program knows all of it. */
  readonly check: CheckEvent;
  readonly stats: RabbitmqStats;
  readonly logger: Logger | undefined;
}

/** A partition that is left to newer programs, and what was unknown there. */
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
  /**
   * The channel for the workers' queue, which has no messages: a process that consumes it counts as a worker. On this
   * channel this process does so, and asks how many do.
   */
  #presence: Channel | undefined;
  /** The tag of that consumer. Without it, this process does not count as a worker. */
  #presenceTag: string | undefined;
  #consumers: PartitionConsumer[] = [];
  #stopped: Promise<void> = Promise.resolve();

  constructor(options: RabbitSourceOptions) {
    this.#options = options;
  }

  /** Whether it consumes, but has no connection right now. */
  get isAway(): boolean {
    return this.#connection?.state === 'away';
  }

  /** After a stop it may be called again. Rejects with WrongRabbitmq if waiting for the server cannot help. */
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

  /** The partitions that this process has left to newer programs. */
  get held(): readonly Held[] {
    return this.#consumers.flatMap(({ unknown }, partition) => (unknown === undefined ? [] : [{ partition, unknown }]));
  }

  /**
   * Called when the process has run for a while without a crash. Until then it may take only one delivery at a time.
   * So only now it counts as a worker, to which the others leave partitions.
   */
  async #settle(connection: Connection): Promise<void> {
    await Promise.all(this.#consumers.map((consumer) => consumer.trust()));
    if (this.#connection !== connection) return; // stopped meanwhile
    this.#settled = true;
    try {
      await this.#appear(connection.model());
    } catch {
      // The next connection tries it again.
    }
    if (this.#connection !== connection) return;
    this.#sharing = setInterval(() => void this.#share(), SHARE_EVERY_MS * (0.5 + Math.random()));
  }

  /** Counts as a worker that shares the partitions, unless this process is too old for one of them. */
  async #appear(model: ChannelModel): Promise<void> {
    const presence = await model.createChannel();
    const lost = () => this.#connection?.reconnect(model);
    presence.on('error', () => {}); // 'close' reports it too
    presence.on('close', lost);
    const { workers } = this.#options.topology;
    this.#presence = presence;
    this.#presenceTag = undefined;
    if (this.held.length > 0) return;
    const { consumerTag } = await presence.consume(workers, (message) => message === null && lost(), { noAck: true });
    this.#presenceTag = consumerTag;
    if (this.held.length > 0) await this.#disappear();
  }

  /** Counts no more as a worker: the others must not leave partitions to a process that is too old. */
  async #disappear(): Promise<void> {
    const [presence, tag] = [this.#presence, this.#presenceTag];
    this.#presenceTag = undefined;
    if (presence === undefined || tag === undefined) return;
    const cancel = async () => presence.cancel(tag); // throws at once if the channel is closed
    await within(cancel(), LOOK_MS, away).catch(() => {}); // a consumer also ends with its connection
  }

  /**
   * The first process gets all partitions, so a process with more than its share leaves one at a time. It counts the
   * processes by their consumers on the workers' queue: RabbitMQ does not say how many wait for a partition. A process
   * that is too old for one partition leaves all of them, if there is another process.
   */
  async #share(): Promise<void> {
    const active = this.#consumers.filter((consumer) => consumer.active);
    const presence = this.#presence;
    if (active.length === 0 || presence === undefined) return;
    try {
      const look = async () => presence.checkQueue(this.#options.topology.workers); // throws at once if it is closed
      const { consumerCount } = await within(look(), LOOK_MS, away);
      const sharing = this.held.length === 0;
      const share = sharing || consumerCount === 0 ? Math.ceil(this.#consumers.length / Math.max(1, consumerCount)) : 0;
      if (active.length > share) active[Math.floor(Math.random() * active.length)]?.leave();
    } catch {
      // Tried again next time, perhaps on another connection.
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
