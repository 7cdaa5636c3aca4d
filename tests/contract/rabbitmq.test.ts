import { newEventId } from '@parley/domain';
import { openRabbitmq } from '@parley/rabbitmq';
import { deleteQueues, rabbitmqUrl } from '@parley/rabbitmq/testing';
import { eventLogContract } from './event-log.contract.ts';

const PARTITIONS = 3;

/** Runs the tests of EventLog on the RabbitMQ of RABBITMQ_URL. `close` deletes their queues. */
eventLogContract('the RabbitMQ', async () => {
  const queuePrefix = `test-${newEventId()}`;
  const rabbitmq = openRabbitmq({ url: rabbitmqUrl(), partitions: PARTITIONS, queuePrefix });
  await rabbitmq.start();
  return {
    log: rabbitmq.log,
    source: () => rabbitmq.source,
    isDeadLetter: async ({ id }) => {
      const letters = await rabbitmq.deadLetters.list(1_000);
      return letters.some(({ content }) => content.includes(id));
    },
    close: async () => {
      await rabbitmq.close();
      await deleteQueues(queuePrefix, PARTITIONS);
    },
  };
});
