/** Test helpers for other packages. */
export { deleteQueues, onChannel, rabbitmqUrl, testTopology } from './queues.ts';
