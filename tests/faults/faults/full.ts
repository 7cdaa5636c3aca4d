/** Faults: RabbitMQ is full. A partition's queue reaches its byte limit, or the disk reaches its alarm. */
import type { Fault } from '../fault.ts';
import type { AppName } from '../stack.ts';

const WORKERS: readonly AppName[] = ['worker-1', 'worker-2'];
/** The limit of each queue: one is full after one or two seconds of the load. */
const LIMIT = { 'max-length-bytes': 100_000 };
/** The free disk space that RabbitMQ requires: more than any disk has. */
const FREE_LIMIT = '900000GB';

export const fullFaults: readonly Fault[] = [
  {
    name: 'rabbitmq-queues-full',
    description: `no worker runs, and each queue is full at ${LIMIT['max-length-bytes'] / 1_000} kB`,
    holdMs: 10_000,
    inject: async ({ stack }) => {
      // RabbitMQ uses the lower one of the queue's own limit and the policy's.
      const definition = JSON.stringify(LIMIT);
      await stack.exec('rabbitmqctl', 'set_policy', '--apply-to', 'queues', 'full', '^parley\\.events', definition);
      for (const worker of WORKERS) await stack.kill(worker);
    },
    heal: async ({ stack }) => {
      await stack.exec('rabbitmqctl', 'clear_policy', 'full');
      await stack.start(...WORKERS);
    },
  },
  {
    name: 'rabbitmq-disk-alarm',
    description: 'RabbitMQ takes nothing for 10 s: its disk has less room than its limit',
    holdMs: 10_000,
    inject: async ({ stack }) => {
      await stack.exec('rabbitmqctl', 'set_disk_free_limit', FREE_LIMIT);
    },
    heal: async ({ stack }) => {
      await stack.exec('rabbitmqctl', 'set_disk_free_limit', '50MB');
    },
  },
];
