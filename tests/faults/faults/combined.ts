/** Redis forgets while something else stands still: what each step of opening an epoch is there for. */

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
 * What an ingest has drawn when it stops is published when it goes on. That is behind the fence of a new epoch, unless
 * the fence waits; and it must not be acknowledged where the wait was longer than that of the fence.
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

/** Together less than nginx waits for an answer, or nobody would be told anything; the second longer than an epoch takes to open. */
const WITHOUT_CONFIRMS_MS = 400;
const STOOD_STILL_MS = 3_200;
const ON_THE_WAY_MS = 800;

/**
 * An ingest has drawn numbers and waits with their events, because RabbitMQ's confirms do not come; then it stands
 * still while Redis loses everything and the other one opens a new epoch, and publishes them when it goes on. They are
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

/** Whether numbers are drawn everywhere, in an epoch that was opened since Redis was emptied. */
const isOpen = async (stack: FaultStack): Promise<boolean> => (await cli(stack, 'EVAL', ALL_OPEN, '0')).trim() === '1';
const ALL_OPEN = `for partition = 0, ${PARTITIONS - 1} do
  if redis.call('HGET', '{p' .. partition .. '}:epoch', 'state') ~= 'open' then return 0 end
end
return 1`;

/**
 * What an ingest has published is still on its way while Redis loses everything and the other one opens a new epoch. It
 * arrives behind the fence with numbers that are given again, so it must not be stored.
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
    // What the one that stands still had taken is refused when it goes on.
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
