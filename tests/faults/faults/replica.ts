/** A fault: Redis fails over to a replica that is behind. For the apps it loses data without a long outage. */

import { rm } from 'node:fs/promises';
import { RedisServer } from '@parley/redis/testing';
import { until } from '@parley/testing';
import type { Fault } from '../fault.ts';

const BEHIND_MS = 4_000;
const LINKED_WITHIN_MS = 15_000;

let replica: RedisServer | undefined;

async function startReplica(masterPort: number): Promise<RedisServer> {
  const started = await RedisServer.start('--replicaof', `127.0.0.1 ${masterPort}`);
  const linked = async () => String(await started.cli('INFO', 'replication')).includes('master_link_status:up');
  await until('the replica has found its master', linked, LINKED_WITHIN_MS);
  return started;
}

export const replicaFaults: readonly Fault[] = [
  {
    name: 'redis-stale-replica',
    description: `Redis dies, and a replica that is ${BEHIND_MS / 1_000} s behind takes its place`,
    holdMs: 500,
    inject: async ({ stack, tell }) => {
      replica = await startReplica(stack.settings.ports.redis);
      // From here on the replica gets no writes.
      await replica.cli('REPLICAOF', '127.0.0.1', '1');
      tell('the replica falls behind');
      await Bun.sleep(BEHIND_MS);
      await stack.kill('redis');
      await replica.cli('REPLICAOF', 'NO', 'ONE');
    },
    heal: async ({ stack }) => {
      await stack.proxies.set('redis', { targetPort: replica?.port ?? 0 });
      await stack.proxies.cut('redis');
    },
    cleanUp: async ({ stack }) => {
      await rm(`${stack.settings.stateDir}/redis/appendonlydir`, { recursive: true, force: true });
      await stack.start('redis');
      await stack.proxies.set('redis', { targetPort: stack.settings.ports.redis });
      await replica?.remove();
    },
  },
];
