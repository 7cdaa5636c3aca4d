import { type Logger, within } from '@parley/runtime';
import type { ChannelModel, ConfirmChannel, ConsumeMessage, Options } from 'amqplib';
import { away, Connection, type ConnectionState } from './connection.ts';
import type { RabbitmqStats } from './stats.ts';
import type { Topology } from './topology.ts';

const REPLIES = 'amq.rabbitmq.reply-to';
/**
 * Header of a fence's answer: the partition's `seq` (number of its last commit), which later reads must have reached.
 */
const SEQ_HEADER = 'x-seq';

export interface OutboxOptions {
  readonly url: string;
  readonly topology: Topology;
  readonly stats: RabbitmqStats;
  readonly logger: Logger | undefined;
}

/**
 * Publishes all that this process sends, on its own connection: if memory is short, RabbitMQ stops reading from
 * connections that publish, and consumers' acknowledgements must get through.
 */
export class Outbox {
  readonly #topology: Topology;
  readonly #connection: Connection;
  readonly #unroutable = new Set<string>();
  #channel: ConfirmChannel | undefined;
  #declaring: Promise<void> | undefined;
  #lastId = 0;
  /** Called with each answer to a fence: the fence's correlation id, and the partition's `seq`. */
  onReply: (correlationId: string, seq: number) => void = () => {};
  /** Called when the connection is lost. Unconfirmed publishes reject by themselves. */
  onLost: () => void = () => {};
  /** Called after each connect, when publishing is possible. */
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
   * Resolves when RabbitMQ has confirmed the message. Rejects with Unavailable if RabbitMQ refuses it, if there is no
   * such queue, or if the connection is lost before the confirm. Has no deadline of its own.
   */
  publish(queue: string, content: Buffer, options: Options.Publish): Promise<void> {
    return new Promise((resolve, reject) => {
      this.send(queue, content, options, (error) => (error === undefined ? resolve() : reject(error)));
    });
  }

  /** Like `publish`, but calls `settled` once instead of resolving or rejecting, never before it returns. */
  send(queue: string, content: Buffer, options: Options.Publish, settled: (error?: Error) => void): void {
    const fail = (error: unknown) => queueMicrotask(() => settled(away(error)));
    const channel = this.#channel;
    if (channel === undefined) {
      fail(undefined);
      return;
    }
    this.#lastId += 1;
    const messageId = String(this.#lastId);
    try {
      const sent = { persistent: true, mandatory: true, messageId, ...options };
      channel.publish('', queue, content, sent, (error: unknown) => {
        // If there is no such queue, RabbitMQ returns the message, and then confirms it all the same.
        if (this.#unroutable.delete(messageId)) settled(away(new Error(`there is no queue ${queue}`)));
        else if (error === null) settled();
        else settled(away(error));
      });
    } catch (error) {
      fail(error);
    }
  }

  /**
   * Publishes, and rejects with Unavailable if the confirm does not come within `milliseconds`. Sends nothing while
   * RabbitMQ blocks publishers: after the block, the messages of all retries would arrive.
   */
  publishWithin(milliseconds: number, queue: string, content: Buffer, options: Options.Publish): Promise<void> {
    if (this.state !== 'open') return Promise.reject(away());
    return within(this.publish(queue, content, options), milliseconds, away);
  }

  /** Answers a fence if possible. A process that gets no answer sends its fence again. */
  reply(replyTo: string, correlationId: string, seq: number): void {
    try {
      this.#channel?.publish('', replyTo, Buffer.alloc(0), { correlationId, headers: { [SEQ_HEADER]: seq } });
    } catch {
      // The channel has just closed: there is no answer.
    }
  }

  /**
   * The reply address of a fence. Publish fences with `publish`: RabbitMQ replies only to the channel that published.
   */
  static readonly replyTo = REPLIES;

  async #setUp(model: ChannelModel): Promise<void> {
    await this.#topology.declare(model);
    const channel = await model.createConfirmChannel();
    channel.on('error', () => {});
    channel.on('close', () => this.#connection.reconnect(model));
    channel.on('return', (message) => {
      // an answer to a fence: the process that sent the fence has ended
      if (message.properties.messageId === undefined) return;
      this.#unroutable.add(message.properties.messageId);
      this.#declareAgain(model);
    });
    await channel.consume(REPLIES, (message) => this.#replied(message), { noAck: true });
    this.#channel = channel;
    // two turns later: the connection counts as open one turn after its setup
    setImmediate(() => setImmediate(() => this.onOpen()));
  }

  #replied(message: ConsumeMessage | null): void {
    const correlationId: unknown = message?.properties.correlationId;
    // A worker of an earlier version answers a fence without a seq.
    const seq = Number(message?.properties.headers?.[SEQ_HEADER] ?? 0);
    if (typeof correlationId === 'string') this.onReply(correlationId, Number.isSafeInteger(seq) ? seq : 0);
  }

  /** Called when a queue turns out to be deleted: declares it again, empty. */
  #declareAgain(model: ChannelModel): void {
    this.#declaring ??= this.#topology
      .declare(model)
      .catch(() => this.#connection.reconnect(model))
      .finally(() => {
        this.#declaring = undefined;
      });
  }
}
