import { connect } from 'amqplib';
import { Topology } from './topology.ts';

/** Deletes the queues of a test. */
export async function deleteQueues(url: string, queuePrefix: string, partitions: number): Promise<void> {
  const topology = new Topology({ partitions, queuePrefix, queueBytesMax: 1 });
  const connection = await connect(url);
  const channel = await connection.createChannel();
  for (let partition = 0; partition < partitions; partition += 1) await channel.deleteQueue(topology.queue(partition));
  await channel.deleteQueue(topology.deadLetters);
  await connection.close();
}
