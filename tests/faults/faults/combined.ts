/**
 * Faults: Redis loses its data while another part is frozen or dead. Each one needs another step of opening an epoch.
 */

import { rm } from 'node:fs/promises';
import { until } from '@parley/testing';
import type { Fault, FaultContext } from '../fault.ts';
import { type AppName, type FaultStack, PARTITIONS } from '../stack.ts';

const WORKERS: readonly AppName[] = ['worker-1', 'worker-2'];
const BACKLOG_MS = 4_000;
const STALLS = 5;
const OPEN_AGAIN_MS = 5_000;
const OPEN_WITHIN_MS = 20_000;
const TIMES = 3;

const cli = (stack: FaultStack, ...command: string[]): Promise<string> =>
  stack.exec('redis-cli', '-p', String(stack.settings.ports.redis), ...command);

/**
 * Freezes an ingest that has drawn numbers, while Redis loses them. When it goes on, it publishes their events. The new
 * epoch's fence comes after a wait of 2 s: what is published after the fence must not be acknowledged.
 */
async function stallWhileFlushed({ stack }: FaultContext, stallMs: number): Promise<void> {
  for (let stall = 0; stall < STALLS; stall += 1) {
    stack.signal('ingest-2', 'SIGSTOP');
    await cli(stack, 'FLUSHALL');
    await Bun.sleep(stallMs);
    stack.signal('ingest-2', 'SIGCONT');
    await Bun.sleep(OPEN_AGAIN_MS);
  }
}

/**
 * WITHOUT_CONFIRMS_MS and STOOD_STILL_MS are together less than nginx waits, or clients get no answer. STOOD_STILL_MS
 * is longer than an epoch takes to open.
 */
const WITHOUT_CONFIRMS_MS = 400;
const STOOD_STILL_MS = 3_200;
const ON_THE_WAY_MS = 800;

/**
 * An ingest has drawn numbers, but its events wait because RabbitMQ's confirms do not come. Then it is frozen while
 * Redis loses everything and the other ingest opens a new epoch. It publishes the events when it goes on. They are
 * late, so they must not be acknowledged.
 */
async function publishLate({ stack }: FaultContext): Promise<void> {
  for (let time = 0; time < TIMES; time += 1) {
    await stack.proxies.set('rabbitmq', { hold: { clientPorts: stack.portsOf('ingest-2'), from: 'server' } });
    await Bun.sleep(WITHOUT_CONFIRMS_MS);
    stack.signal('ingest-2', 'SIGSTOP');
    await stack.proxies.set('rabbitmq', { hold: undefined });
    await cli(stack, 'FLUSHALL');
    await Bun.sleep(STOOD_STILL_MS);
    stack.signal('ingest-2', 'SIGCONT');
    await Bun.sleep(OPEN_AGAIN_MS);
  }
}

/** Whether an epoch is open in every partition. After FLUSHALL that is a new one. */
const isOpen = async (stack: FaultStack): Promise<boolean> => (await cli(stack, 'EVAL', ALL_OPEN, '0')).trim() === '1';
const ALL_OPEN = `for partition = 0, ${PARTITIONS - 1} do
  if redis.call('HGET', '{p' .. partition .. '}:epoch', 'state') ~= 'open' then return 0 end
end
return 1`;

/**
 * Events of an ingest are still on their way while Redis loses everything and the other ingest opens a new epoch. They
 * arrive after the fence, with numbers that are given again, so they must not be stored.
 */
async function arriveLate({ stack }: FaultContext): Promise<void> {
  for (let time = 0; time < TIMES; time += 1) {
    await stack.proxies.set('rabbitmq', { hold: { clientPorts: stack.portsOf('ingest-2'), from: 'client' } });
    await Bun.sleep(ON_THE_WAY_MS);
    await cli(stack, 'FLUSHALL');
    await until('numbers are drawn again', () => isOpen(stack), OPEN_WITHIN_MS);
    await stack.proxies.set('rabbitmq', { hold: undefined });
    await Bun.sleep(OPEN_AGAIN_MS);
  }
}

const nothing = async (): Promise<void> => {};

export const combinedFaults: readonly Fault[] = [
  {
    name: 'redis-emptied-backlog',
    description: `Redis comes back without anything while no worker runs and ${BACKLOG_MS / 1_000} s of creates wait`,
    holdMs: 3_000,
    inject: async ({ stack }) => {
      for (const worker of WORKERS) await stack.kill(worker);
      await Bun.sleep(BACKLOG_MS);
      await stack.kill('redis');
      await rm(`${stack.settings.stateDir}/redis/appendonlydir`, { recursive: true, force: true });
      await stack.start('redis');
    },
    heal: async ({ stack }) => {
      await stack.start(...WORKERS);
    },
  },
  {
    name: 'redis-flushed-ingest-stalled',
    description: `${STALLS} times an ingest stands still for 1 s and Redis loses everything meanwhile`,
    holdMs: 0,
    inject: (context) => stallWhileFlushed(context, 1_000),
    heal: nothing,
  },
  {
    name: 'redis-flushed-ingest-frozen',
    description: `${STALLS} times an ingest stands still for 3 s and Redis loses everything meanwhile`,
    holdMs: 0,
    // The requests of the frozen ingest are refused only when it goes on.
    refusalMsMax: 5_000,
    inject: (context) => stallWhileFlushed(context, 3_000),
    heal: nothing,
  },
  {
    name: 'redis-flushed-publish-late',
    description: `${TIMES} times an ingest stands still with events that it has not published yet, and Redis loses everything meanwhile`,
    holdMs: 0,
    refusalMsMax: 5_500,
    inject: publishLate,
    heal: nothing,
  },
  {
    name: 'redis-flushed-arrive-late',
    description: `${TIMES} times what an ingest publishes is still on its way when Redis loses everything and a new epoch begins`,
    holdMs: 0,
    inject: arriveLate,
    heal: nothing,
  },
];
