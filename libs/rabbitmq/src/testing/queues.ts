import { type Channel, connect } from 'amqplib';
import { Topology } from '../topology.ts';

export function rabbitmqUrl(): string {
  const url = process.env.RABBITMQ_URL;
  if (url === undefined) throw new Error('RABBITMQ_URL must name a RabbitMQ server for these tests');
  return url;
}

/** For the names of a test's queues only, not for declaring them. */
export function testTopology(queuePrefix: string, partitions: number): Topology {
  return new Topology({ partitions, queuePrefix, queueBytesMax: 1 });
}

/** Runs `use` on a new channel of a new connection, and closes that. */
export async function onChannel<T>(use: (channel: Channel) => Promise<T>): Promise<T> {
  const connection = await connect(rabbitmqUrl());
  try {
    return await use(await connection.createChannel());
  } finally {
    await connection.close();
  }
}

export async function deleteQueues(queuePrefix: string, partitions: number): Promise<void> {
  const topology = testTopology(queuePrefix, partitions);
  await onChannel(async (channel) => {
    for (let partition = 0; partition < partitions; partition += 1)
      await channel.deleteQueue(topology.queue(partition));
    await channel.deleteQueue(topology.deadLetters);
    await channel.deleteQueue(topology.workers);
  });
}
