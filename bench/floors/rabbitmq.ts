/** RabbitMQ at its best: confirmed publishes to a quorum queue like ours. */
import { connect } from 'amqplib';
import type { Done } from '../measure/sample.ts';

const QUEUE = 'bench.raw';
const WINDOW = 256;
const PER_TICK = 64;
/** The size of an event with a message of 60 characters. */
const EVENT_BYTES = 300;

/** `eventsEach`: how many events one message carries. The result counts events. */
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
    // Waits without using CPU while the window is full, but not for ever: a lost connection fails what is unconfirmed.
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

/** Purges the system's queues, so that each round begins with empty queues. */
export async function purgeQueues(url: string, partitions: number): Promise<void> {
  const connection = await connect(url);
  const channel = await connection.createChannel();
  for (let partition = 0; partition < partitions; partition += 1) {
    await channel.purgeQueue(`parley.events.${partition}`);
  }
  await connection.close();
}
