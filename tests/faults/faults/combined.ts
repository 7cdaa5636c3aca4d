/** Redis forgets while something else stands still: what each step of opening an epoch is there for. */
import { rm } from 'node:fs/promises';
import type { Fault, FaultContext } from '../fault.ts';
import type { AppName, FaultStack } from '../stack.ts';

const WORKERS: readonly AppName[] = ['worker-1', 'worker-2'];
const BACKLOG_MS = 4_000;
const STALLS = 5;
const OPEN_AGAIN_MS = 5_000;

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
];
