/** RabbitMQ at its best, for comparison: confirmed publishes to a quorum queue like ours. */
import { connect } from 'amqplib';
import type { Done } from '../measure/sample.ts';

const QUEUE = 'bench.raw';
const WINDOW = 256;
const PER_TICK = 64;
/** The bytes of an event that has a message of 60 characters. */
const EVENT_BYTES = 300;

/** Publishes for `seconds`. `eventsEach`: how many events one message has. The result counts confirmed events. */
export async function rawPublishes(url: string, seconds: number, eventsEach = 1): Promise<Done> {
  const connection = await connect(url);
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue(QUEUE, {
    durable: true,
    arguments: { 'x-queue-type': 'quorum', 'x-overflow': 'reject-publish', 'x-max-length-bytes': 4 * 2 ** 30 },
  });
  const content = Buffer.alloc(EVENT_BYTES * eventsEach, 'x');
  const until = performance.now() + seconds * 1_000;
  let confirmed = 0;
  let unconfirmed = 0;
  let wake = (): void => {};
  while (performance.now() < until) {
    for (let index = 0; index < PER_TICK && unconfirmed < WINDOW; index += 1) {
      unconfirmed += 1;
      channel.sendToQueue(QUEUE, content, { persistent: true }, (error: unknown) => {
        unconfirmed -= 1;
        if (error === null) confirmed += 1;
        wake();
      });
    }
    // Waits without using CPU while too many publishes are unconfirmed. If the connection is lost, amqplib fails these,
    // and the wait ends.
    await new Promise<void>((resolve) => {
      if (unconfirmed < WINDOW) setImmediate(resolve);
      else wake = resolve;
    });
  }
  await channel.waitForConfirms();
  await channel.deleteQueue(QUEUE);
  await connection.close();
  return { count: confirmed * eventsEach };
}

/** Empties the queues of events before a round, because a backlog would distort it. */
export async function purgeQueues(url: string, partitions: number): Promise<void> {
  const connection = await connect(url);
  const channel = await connection.createChannel();
  for (let partition = 0; partition < partitions; partition += 1) {
    await channel.purgeQueue(`parley.events.${partition}`);
  }
  await connection.close();
}
