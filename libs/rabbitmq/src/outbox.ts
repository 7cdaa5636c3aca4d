import { type Logger, within } from '@parley/runtime';
import type { ChannelModel, ConfirmChannel, ConsumeMessage, Options } from 'amqplib';
import { away, Connection, type ConnectionState } from './connection.ts';
import type { RabbitmqStats } from './stats.ts';
import type { Topology } from './topology.ts';

const REPLIES = 'amq.rabbitmq.reply-to';
/** Header of a fence's answer: the partition's seq that later reads must have reached. */
const SEQ_HEADER = 'x-seq';

export interface OutboxOptions {
  readonly url: string;
  readonly topology: Topology;
  readonly stats: RabbitmqStats;
  readonly logger: Logger | undefined;
}

/**
 * Everything that this process publishes, on a connection of its own: while memory is short, RabbitMQ stops reading
 * from connections that publish, and acknowledgements must get through.
 */
export class Outbox {
  readonly #topology: Topology;
  readonly #connection: Connection;
  readonly #unroutable = new Set<string>();
  #channel: ConfirmChannel | undefined;
  #declaring: Promise<void> | undefined;
  #lastId = 0;
  /** Called with the correlation id of each direct reply. */
  onReply: (correlationId: string, seq: number) => void = () => {};
  /** Called when the connection is lost. Publishes under way reject by themselves. */
  onLost: () => void = () => {};
  /** Called when publishing is possible again. */
  onOpen: () => void = () => {};

  constructor({ url, topology, stats, logger }: OutboxOptions) {
    this.#topology = topology;
    this.#connection = new Connection({
      url,
      name: 'parley publisher',
      setup: (model) => this.#setUp(model),
      lost: () => {
        this.#channel = undefined;
        this.onLost();
      },
      stats,
      logger,
    });
  }

  get state(): ConnectionState {
    return this.#channel === undefined ? 'away' : this.#connection.state;
  }

  open(): Promise<void> {
    return this.#connection.open();
  }

  model(): ChannelModel {
    return this.#connection.model();
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  /**
   * Resolves when RabbitMQ has confirmed the message. Rejects with Unavailable if it is refused, if there is no such
   * queue, or if the connection is lost before the confirm. Has no deadline of its own.
   */
  publish(queue: string, content: Buffer, options: Options.Publish): Promise<void> {
    const channel = this.#channel;
    if (channel === undefined) return Promise.reject(away());
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#lastId += 1;
    const messageId = String(this.#lastId);
    try {
      const sent = { persistent: true, mandatory: true, messageId, ...options };
      channel.publish('', queue, content, sent, (error: unknown) => {
        // RabbitMQ returns a message that no queue takes, and then confirms it all the same.
        if (this.#unroutable.delete(messageId)) reject(away(new Error(`there is no queue ${queue}`)));
        else if (error === null) resolve();
        else reject(away(error));
      });
    } catch (error) {
      reject(away(error));
    }
    return promise;
  }

  /**
   * Publishes, and rejects with Unavailable if the confirm does not come within `milliseconds`. Sends nothing while
   * RabbitMQ blocks us: after the block, the message of every retry would arrive.
   */
  publishWithin(milliseconds: number, queue: string, content: Buffer, options: Options.Publish): Promise<void> {
    if (this.state !== 'open') return Promise.reject(away());
    return within(this.publish(queue, content, options), milliseconds, away);
  }

  /** Answers a fence if possible. A process that gets no answer asks again. */
  reply(replyTo: string, correlationId: string, seq: number): void {
    try {
      this.#channel?.publish('', replyTo, Buffer.alloc(0), { correlationId, headers: { [SEQ_HEADER]: seq } });
    } catch {
      // The channel was closed a moment ago.
    }
  }

  /** The reply address of a fence. Publish the fence with `publish`: replies come on the same channel only. */
  static readonly replyTo = REPLIES;

  async #setUp(model: ChannelModel): Promise<void> {
    await this.#topology.declare(model);
    const channel = await model.createConfirmChannel();
    channel.on('error', () => {});
    channel.on('close', () => this.#connection.reconnect(model));
    channel.on('return', (message) => {
      if (message.properties.messageId === undefined) return; // a reply to a process that has ended
      this.#unroutable.add(message.properties.messageId);
      this.#declareAgain(model);
    });
    await channel.consume(REPLIES, (message) => this.#replied(message), { noAck: true });
    this.#channel = channel;
    setImmediate(() => setImmediate(() => this.onOpen())); // the connection counts as open after the setup
  }

  #replied(message: ConsumeMessage | null): void {
    const correlationId: unknown = message?.properties.correlationId;
    // A worker of an earlier version answers without a seq.
    const seq = Number(message?.properties.headers?.[SEQ_HEADER] ?? 0);
    if (typeof correlationId === 'string') this.onReply(correlationId, Number.isSafeInteger(seq) ? seq : 0);
  }

  /** A queue was deleted: declares it again, empty. */
  #declareAgain(model: ChannelModel): void {
    this.#declaring ??= this.#topology
      .declare(model)
      .catch(() => this.#connection.reconnect(model))
      .finally(() => {
        this.#declaring = undefined;
      });
  }
}
