/** For the tests of other packages. */
export { deleteQueues, onChannel, rabbitmqUrl } from './queues.ts';
