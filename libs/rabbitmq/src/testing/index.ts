/** Test helpers for other packages. */
export { deleteQueues, onChannel, rabbitmqUrl } from './queues.ts';
