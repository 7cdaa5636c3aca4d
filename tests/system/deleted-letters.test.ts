/** On the servers of the tests: what becomes of dead letters whose chat is deleted. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { type Counters, type Event, encodeEnvelope, newEventId, newToken, partitionOf } from '@parley/domain';
import { application, chat, messages, type OwnDatabase, ownDatabase, PARTITIONS } from '@parley/mysql/testing';
import { openRabbitmq } from '@parley/rabbitmq';
import { deleteQueues, onChannel, rabbitmqUrl, testTopology } from '@parley/rabbitmq/testing';
import { createLogger, createRegistry } from '@parley/runtime';
import { until } from '@parley/testing';
import { PurgeJob, StoreConsumer } from '@parley/worker';
import { sweepOf } from '@parley/worker/testing';

const queuePrefix = `test-${newEventId()}`;
const logger = createLogger('test', 'silent');
let database: OwnDatabase;
const rabbitmq = openRabbitmq({ url: rabbitmqUrl(), partitions: PARTITIONS, queuePrefix });
beforeAll(async () => {
  database = await ownDatabase();
  await rabbitmq.start();
});
afterAll(async () => {
  await rabbitmq.close();
  await deleteQueues(queuePrefix, PARTITIONS);
  await database.close();
});

const putAside = (event: Event, partition: number) =>
  onChannel(async (channel) => {
    const queue = testTopology(queuePrefix, PARTITIONS).deadLetters;
    const headers = { reason: 'rejected', detail: 'by a test', partition, at: Date.now() };
    channel.sendToQueue(queue, Buffer.from(encodeEnvelope(partition, [event])), { headers, persistent: true });
    await channel.checkQueue(queue);
  });

test('the dead letters of a deleted chat are removed; a replayed one is discarded', async () => {
  const { deadLetters, source, log } = rabbitmq;
  const { store, purge } = database.mysql;
  const token = newToken();
  const partition = partitionOf(token, PARTITIONS);
  await store.append([application(token), chat(token, 1), chat(token, 2), messages(token, 1, ['stored'])]);
  const registry = createRegistry('test');
  const counters = { add: async () => {} } as unknown as Counters;
  const consumer = new StoreConsumer({ source, store, counters, logger, registry });
  const retired: unknown[] = [];
  const job = new PurgeJob({
    ...{ purge, partitions: PARTITIONS, logger, registry: createRegistry('test'), share: 1 },
    numbering: { retire: async (owner) => void retired.push(owner) },
    sweep: sweepOf({ deadLetters, store, logger }),
  });
  await consumer.start();
  job.start();
  try {
    await putAside(messages(token, 2, ['secret']), partition);
    await putAside(messages(token, 1, ['kept'], 2), partition);
    await until('both are dead letters', async () => (await deadLetters.count()) === 2);
    await store.deleteChat(token, 1);
    // Whoever looks at letters has them for a moment: this test, and the sweep, which goes on.
    await until('the other one is left', async () => {
      const letters = await deadLetters.list(10);
      return letters.length === 1 && letters[0]?.content.includes('kept') === true;
    });
    await until('the rows are removed', async () => (await purge.waiting()).tasks === 0);
    expect(retired).toEqual([{ token, chat: 1 }]);
    await job.stop(); // and with it the sweep, which may be under way

    await putAside(messages(token, 3, ['secret']), partition);
    await until('it is a dead letter', async () => (await deadLetters.count()) === 2);
    expect(await deadLetters.replay(10)).toBe(2);
    await log.fence(token, 10_000);
    const [discarded] = (await registry.getSingleMetric('parley_discarded_events_total')!.get()).values;
    expect(discarded?.value).toBe(1);
    expect((await store.message(token, 2, 1))?.content).toBe('kept');
    expect(await deadLetters.count()).toBe(0);
  } finally {
    await job.stop();
    await consumer.stop();
  }
});
