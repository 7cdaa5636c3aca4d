/** Faults: RabbitMQ dies, is stopped, is short of memory, closes connections, loses a queue. */
import { partitionOf } from '@parley/domain';
import type { Fault } from '../fault.ts';
import { quiescence } from '../quiescence.ts';
import { PARTITIONS } from '../stack.ts';

const CONNECTIONS_CLOSED = 4;

const nothing = async (): Promise<void> => {};

export const rabbitmqFaults: readonly Fault[] = [
  {
    name: 'rabbitmq-kill',
    description: 'kill -9 of RabbitMQ, started again 1 s later',
    holdMs: 1_000,
    inject: ({ stack }) => stack.kill('rabbitmq'),
    heal: async ({ stack }) => {
      await stack.start('rabbitmq');
    },
  },
  {
    name: 'rabbitmq-stopped',
    description: 'RabbitMQ is stopped for 30 s',
    holdMs: 30_000,
    inject: async ({ stack }) => {
      await stack.stop('rabbitmq');
    },
    heal: async ({ stack }) => {
      await stack.start('rabbitmq');
    },
  },
  {
    name: 'rabbitmq-alarm',
    description: 'RabbitMQ takes nothing for 10 s: its memory alarm is raised',
    holdMs: 10_000,
    inject: async ({ stack }) => {
      await stack.exec('rabbitmqctl', 'set_vm_memory_high_watermark', 'absolute', '1MiB');
    },
    heal: async ({ stack }) => {
      await stack.exec('rabbitmqctl', 'set_vm_memory_high_watermark', '0.6');
    },
  },
  {
    name: 'rabbitmq-connection-closed',
    description: `RabbitMQ closes single connections, ${CONNECTIONS_CLOSED} of them, one after the other`,
    holdMs: 0,
    inject: async ({ stack, random }) => {
      for (let closed = 0; closed < CONNECTIONS_CLOSED; ) {
        const listed = await stack.exec('rabbitmqctl', '-q', 'list_connections', '--no-table-headers', 'pid');
        const pid = random.pick(listed.trim().split('\n').filter(Boolean));
        // A connection that its own program closed meanwhile does not count.
        const done = stack.exec('rabbitmqctl', 'close_connection', pid, 'by an operator').then(() => true);
        if (await done.catch(() => false)) closed += 1;
      }
    },
    heal: nothing,
  },
  {
    name: 'rabbitmq-connections-closed',
    description: 'RabbitMQ closes all connections',
    holdMs: 0,
    inject: async ({ stack }) => {
      await stack.exec('rabbitmqctl', 'close_all_connections', 'by an operator');
    },
    heal: nothing,
  },
  {
    name: 'rabbitmq-queue-deleted',
    description: 'the queue of the hot chat is deleted: drained before, because what is in a queue goes with it',
    holdMs: 0,
    inject: async ({ stack, load, tell }) => {
      await load.pause();
      tell('paused, so that nothing acknowledged is in the queue');
      await quiescence(stack, load.client, [load.hot.token]);
      await stack.exec('rabbitmqctl', 'delete_queue', `parley.events.${partitionOf(load.hot.token, PARTITIONS)}`);
      load.start();
    },
    heal: nothing,
  },
];
