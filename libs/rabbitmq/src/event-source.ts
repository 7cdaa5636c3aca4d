import type { BeginEpoch, EventHandler, EventSource } from '@parley/domain';
import type { Logger } from '@parley/runtime';
import type { ChannelModel } from 'amqplib';
import { Connection } from './connection.ts';
import type { Outbox } from './outbox.ts';
import { PartitionConsumer } from './partition-consumer.ts';
import type { RabbitmqStats } from './stats.ts';
import type { Topology } from './topology.ts';

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
  }

  async stop(): Promise<void> {
    const connection = this.#connection;
    if (connection !== undefined) {
      this.#connection = undefined;
      this.#stopped = Promise.all(this.#consumers.map((consumer) => consumer.stop())).then(() => connection.close());
    }
    await this.#stopped;
  }

  async #subscribe(model: ChannelModel): Promise<void> {
    await this.#options.topology.declare(model);
    for (const consumer of this.#consumers) await consumer.subscribe(model);
  }
}
