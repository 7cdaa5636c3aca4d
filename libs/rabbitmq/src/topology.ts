import type { Channel, ChannelModel } from 'amqplib';
import { amqpCode, WrongRabbitmq } from './wrong-rabbitmq.ts';

const DELIVERY_LIMIT = 50;
/** How long a delivery may stay unacked: longer than any outage of the store, in which a worker acks nothing. */
const CONSUMER_TIMEOUT_MS = 24 * 60 * 60 * 1_000;

export interface TopologyOptions {
  readonly partitions: number;
  /** The queues are `<prefix>.events.0`, `<prefix>.events.1`… `<prefix>.dead-letters` and `<prefix>.workers`. */
  readonly queuePrefix: string;
  /** While a partition's queue has more bytes than this, RabbitMQ refuses publishes to it. */
  readonly queueBytesMax: number;
}

/**
 * The queues: a quorum queue for each partition, one for dead letters, and one to count the workers. Publishes name the
 * queue, through the default exchange. So there are no bindings that could be lost, and a refused publish is certainly
 * not stored.
 */
export class Topology {
  readonly deadLetters: string;
  /** A queue without messages. Each worker has a consumer on it, so that RabbitMQ can count the workers. */
  readonly workers: string;

  constructor(readonly options: TopologyOptions) {
    this.deadLetters = `${options.queuePrefix}.dead-letters`;
    this.workers = `${options.queuePrefix}.workers`;
  }

  queue(partition: number): string {
    return `${this.options.queuePrefix}.events.${partition}`;
  }

  /** Returns the partition of a queue; undefined if it is no queue of events. */
  partitionOf(queue: string): number | undefined {
    const prefix = `${this.options.queuePrefix}.events.`;
    const partition = queue.startsWith(prefix) ? Number(queue.slice(prefix.length)) : Number.NaN;
    return Number.isInteger(partition) && partition < this.options.partitions ? partition : undefined;
  }

  /** Declares all queues. Rejects with WrongRabbitmq if one exists with other arguments. Idempotent. */
  async declare(model: ChannelModel): Promise<void> {
    const channel = await model.createChannel();
    channel.on('error', () => {}); // the rejected call reports it; without a listener the connection would be lost
    await declareQueue(channel, this.deadLetters, deadLetterArguments());
    await declareQueue(channel, this.workers, { 'x-queue-type': 'quorum' });
    for (let partition = 0; partition < this.options.partitions; partition += 1) {
      await declareQueue(channel, this.queue(partition), this.#eventArguments());
    }
    await channel.close();
  }

  #eventArguments(): Record<string, unknown> {
    return {
      'x-queue-type': 'quorum',
      'x-overflow': 'reject-publish',
      'x-max-length-bytes': this.options.queueBytesMax,
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': this.deadLetters,
      'x-dead-letter-strategy': 'at-least-once',
      'x-delivery-limit': DELIVERY_LIMIT,
      'x-consumer-timeout': CONSUMER_TIMEOUT_MS,
      'x-single-active-consumer': true,
    };
  }
}

/** No delivery limit: each look of an operator at a dead letter counts as a delivery. */
function deadLetterArguments(): Record<string, unknown> {
  return { 'x-queue-type': 'quorum', 'x-delivery-limit': -1 };
}

async function declareQueue(channel: Channel, queue: string, args: Record<string, unknown>): Promise<void> {
  try {
    await channel.assertQueue(queue, { durable: true, arguments: args });
  } catch (error) {
    if (amqpCode(error) !== 406) throw error;
    const cause = error instanceof Error ? error.message : '';
    throw new WrongRabbitmq(
      `The queue '${queue}' exists with other arguments than the ones that are configured. Set the configuration to ` +
        `what the queue has, or let the workers empty it and delete it. RabbitMQ says: ${cause}`,
    );
  }
}
