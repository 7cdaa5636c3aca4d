import type { EventSource, PassFence, StoreEvents } from '@parley/domain';
import { type Logger, within } from '@parley/runtime';
import type { Channel, ChannelModel } from 'amqplib';
import { away, Connection } from './connection.ts';
import type { Outbox } from './outbox.ts';
import { PartitionConsumer } from './partition-consumer.ts';
import type { RabbitmqStats } from './stats.ts';
import type { Topology } from './topology.ts';

/** What ends a process does so at once, or soon. */
const SETTLED_AFTER_MS = 5_000;
const SHARE_EVERY_MS = 1_500;
const LOOK_MS = 2_000;

export interface RabbitSourceOptions {
  readonly url: string;
  readonly topology: Topology;
  /** Dead letters and the answers to fences leave here. */
  readonly outbox: Outbox;
  readonly stats: RabbitmqStats;
  readonly logger: Logger | undefined;
}

/** The consuming end of the log: all partitions, on a connection that publishes nothing. */
export class RabbitSource implements EventSource {
  readonly #options: RabbitSourceOptions;
  #connection: Connection | undefined;
  #settling: Timer | undefined;
  #sharing: Timer | undefined;
  #settled = false;
  /** The channel that tells the others of this process. */
  #presence: Channel | undefined;
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
        }),
    );
    this.#settled = false;
    this.#presence = undefined;
    await this.#options.outbox.open();
    await connection.open();
    this.#settling = setTimeout(() => void this.#settle(connection), SETTLED_AFTER_MS);
  }

  /**
   * A process that lives for so long is not one that what it gets ends at once. Only now the others learn of it, so that
   * they leave partitions to somebody who can take many deliveries at once.
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

  /** From now on this process counts among those that share the partitions. */
  async #appear(model: ChannelModel): Promise<void> {
    const presence = await model.createChannel();
    const lost = () => this.#connection?.reconnect(model);
    presence.on('error', () => {}); // told by 'close' too
    presence.on('close', lost);
    await presence.consume(this.#options.topology.workers, (message) => message === null && lost(), { noAck: true });
    this.#presence = presence;
  }

  /**
   * Whoever subscribes first gets all partitions, so those that have more than their share leave some to the others, one
   * at a time. How many there are is seen from a queue that each has a consumer on: of those that wait for a partition
   * RabbitMQ does not tell.
   */
  async #share(): Promise<void> {
    const active = this.#consumers.filter((consumer) => consumer.active);
    const presence = this.#presence;
    if (active.length === 0 || presence === undefined) return;
    try {
      const look = async () => presence.checkQueue(this.#options.topology.workers); // throws at once where it is closed
      const { consumerCount } = await within(look(), LOOK_MS, away);
      const share = Math.ceil(this.#consumers.length / Math.max(1, consumerCount));
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
