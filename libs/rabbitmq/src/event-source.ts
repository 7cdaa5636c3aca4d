import type { BeginEpoch, EventHandler, EventSource } from '@parley/domain';
import { type Logger, within } from '@parley/runtime';
import type { ChannelModel } from 'amqplib';
import { away, Connection } from './connection.ts';
import type { Outbox } from './outbox.ts';
import { PartitionConsumer } from './partition-consumer.ts';
import type { RabbitmqStats } from './stats.ts';
import type { Topology } from './topology.ts';

const SHARE_EVERY_MS = 5_000;
const SHARE_STEP_MS = 2_000;

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
  #sharing: Timer | undefined;
  #consumers: PartitionConsumer[] = [];
  #stopped: Promise<void> = Promise.resolve();

  constructor(options: RabbitSourceOptions) {
    this.#options = options;
  }

  /** After a stop it may be called again. Rejects with WrongRabbitmq where waiting for the server does not help. */
  async consume(handle: EventHandler, beginEpoch: BeginEpoch = async () => {}): Promise<void> {
    if (this.#connection !== undefined) throw new Error('the source is consumed already');
    const { url, topology, logger } = this.#options;
    const connection = new Connection({
      url,
      name: 'parley consumer',
      setup: (model) => this.#subscribe(model),
      lost: () => {},
      logger,
    });
    this.#connection = connection;
    this.#consumers = Array.from(
      { length: topology.options.partitions },
      (_, partition) =>
        new PartitionConsumer({
          ...this.#options,
          partition,
          handle,
          beginEpoch,
          failed: (model) => connection.reconnect(model),
        }),
    );
    await this.#options.outbox.open();
    await connection.open();
    this.#sharing = setInterval(() => void this.#share(connection), SHARE_EVERY_MS * (0.5 + Math.random()));
  }

  /**
   * Whoever subscribes first gets all partitions, so those that have more than their share leave some to the others.
   * How many there are is seen from a queue that each has a consumer on: of those that wait for a partition RabbitMQ
   * does not tell.
   */
  async #share(connection: Connection): Promise<void> {
    const active = this.#consumers.filter((consumer) => consumer.active);
    if (active.length === 0) return;
    try {
      const channel = await within(connection.model().createChannel(), SHARE_STEP_MS, away);
      channel.on('error', () => {});
      const { consumerCount } = await within(channel.checkQueue(this.#options.topology.workers), SHARE_STEP_MS, away);
      await within(channel.close(), SHARE_STEP_MS, away);
      const share = Math.ceil(this.#consumers.length / Math.max(1, consumerCount));
      for (const consumer of active.slice(share)) consumer.leave();
    } catch {
      // Next time, on the connection that there is by then.
    }
  }

  async stop(): Promise<void> {
    const connection = this.#connection;
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
    const presence = await model.createChannel();
    presence.on('error', () => {});
    await presence.consume(topology.workers, () => {}, { noAck: true });
    for (const consumer of this.#consumers) await consumer.subscribe(model);
  }
}
