import type { Channel, ChannelModel } from 'amqplib';
import { amqpCode, WrongRabbitmq } from './wrong-rabbitmq.ts';

const DELIVERY_LIMIT = 50;
/** The worker holds what it cannot store for as long as an outage of the store lasts. */
const CONSUMER_TIMEOUT_MS = 24 * 60 * 60 * 1_000;

export interface TopologyOptions {
  readonly partitions: number;
  /** The queues are `<prefix>.events.0`, `<prefix>.events.1`… `<prefix>.dead-letters` and `<prefix>.workers`. */
  readonly queuePrefix: string;
  /** Above so many bytes in one partition's queue, publishing is refused. */
  readonly queueBytesMax: number;
}

/**
 * The queues: one quorum queue for each partition, published to by its name through the default exchange, and one for
 * dead letters. There are no bindings that could be lost, and a refused publish is certainly not stored.
 */
export class Topology {
  readonly deadLetters: string;
  /** Always empty: each worker has a consumer on it, so that they know how many they are. */
  readonly workers: string;

  constructor(readonly options: TopologyOptions) {
    this.deadLetters = `${options.queuePrefix}.dead-letters`;
    this.workers = `${options.queuePrefix}.workers`;
  }

  queue(partition: number): string {
    return `${this.options.queuePrefix}.events.${partition}`;
  }

  /** The partition that a queue's name tells, undefined where it is no queue of events. */
  partitionOf(queue: string): number | undefined {
    const prefix = `${this.options.queuePrefix}.events.`;
    const partition = queue.startsWith(prefix) ? Number(queue.slice(prefix.length)) : Number.NaN;
    return Number.isInteger(partition) && partition < this.options.partitions ? partition : undefined;
  }

  /** Makes what is not there. Throws WrongRabbitmq where a queue exists with other arguments. Idempotent. */
  async declare(model: ChannelModel): Promise<void> {
    const channel = await model.createChannel();
    channel.on('error', () => {}); // told by the rejected call; without a listener the connection would be lost
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

/** Looking at a dead letter is a delivery too, so there is no limit to those. */
function deadLetterArguments(): Record<string, unknown> {
  return { 'x-queue-type': 'quorum', 'x-delivery-limit': -1 };
}

async function declareQueue(channel: Channel, queue: string, args: Record<string, unknown>): Promise<void> {
  try {
    await channel.assertQueue(queue, { durable: true, arguments: args });
  } catch (error) {
    if (amqpCode(error) !== 406) throw error;
    const told = error instanceof Error ? error.message : '';
    throw new WrongRabbitmq(
      `The queue '${queue}' exists with other arguments than the ones that are configured. Set the configuration to ` +
        `what the queue has, or let the workers empty it and delete it. RabbitMQ says: ${told}`,
    );
  }
}
