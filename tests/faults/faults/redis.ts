/** Faults: Redis dies, is frozen, or loses data: its last second, everything, all since a copy, or a single key. */
import { rm } from 'node:fs/promises';
import type { Fault } from '../fault.ts';
import type { FaultStack } from '../stack.ts';

const FORGOTTEN_MS = 4_000;

const filesOf = (stack: FaultStack): string => `${stack.settings.stateDir}/redis/appendonlydir`;
const copyOf = (stack: FaultStack): string => `${stack.settings.stateDir}/redis-older`;

/** Copies Redis' files. Redis only appends to them, so a crash could leave files like the copy. */
async function keepCopy(stack: FaultStack): Promise<void> {
  await rm(copyOf(stack), { recursive: true, force: true });
  await run('cp', '-a', filesOf(stack), copyOf(stack));
}

/** Restarts Redis with the files of `keepCopy`. */
async function restartFromCopy(stack: FaultStack): Promise<void> {
  await stack.kill('redis');
  await rm(filesOf(stack), { recursive: true, force: true });
  await run('cp', '-a', copyOf(stack), filesOf(stack));
  await stack.start('redis');
}

/** Runs a command such as `cp -a`, which keeps owners and modes: the server runs as another user. */
async function run(...command: string[]): Promise<void> {
  const code = await Bun.spawn(command, { stdio: ['ignore', 'inherit', 'inherit'] }).exited;
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}`);
}

const cli = (stack: FaultStack, ...command: string[]): Promise<string> =>
  stack.exec('redis-cli', '-p', String(stack.settings.ports.redis), ...command);

const nothing = async (): Promise<void> => {};

export const redisFaults: readonly Fault[] = [
  {
    name: 'redis-kill',
    description: 'kill -9 of Redis, restarted from its append-only file: up to the last second is gone',
    holdMs: 500,
    inject: ({ stack }) => stack.kill('redis'),
    heal: async ({ stack }) => {
      await stack.start('redis');
    },
  },
  {
    name: 'redis-emptied',
    description: 'Redis comes back without anything',
    holdMs: 500,
    inject: async ({ stack }) => {
      await stack.kill('redis');
      await rm(filesOf(stack), { recursive: true, force: true });
    },
    heal: async ({ stack }) => {
      await stack.start('redis');
    },
  },
  {
    name: 'redis-older',
    description: `Redis comes back with a file that is ${FORGOTTEN_MS / 1_000} s old`,
    holdMs: 0,
    inject: async ({ stack }) => {
      await keepCopy(stack);
      await Bun.sleep(FORGOTTEN_MS);
      await restartFromCopy(stack);
    },
    heal: nothing,
  },
  {
    name: 'redis-stopped',
    description: 'Redis is stopped for 30 s',
    holdMs: 30_000,
    inject: async ({ stack }) => {
      await stack.stop('redis');
    },
    heal: async ({ stack }) => {
      await stack.start('redis');
    },
  },
  {
    name: 'redis-frozen',
    description: 'Redis stands still for 10 s (SIGSTOP)',
    holdMs: 10_000,
    inject: async ({ stack }) => stack.signal('redis', 'SIGSTOP'),
    heal: async ({ stack }) => stack.signal('redis', 'SIGCONT'),
  },
  {
    name: 'redis-key-lost',
    description: "the hot chat's counter is deleted",
    holdMs: 0,
    inject: async ({ stack, load }) => {
      const pattern = `*:messages:${load.hot.token}:${load.hot.chat}`;
      const keys = (await cli(stack, '--scan', '--pattern', pattern)).trim().split('\n').filter(Boolean);
      if (keys.length === 0) throw new Error(`no counter is named ${pattern}`);
      await cli(stack, 'DEL', ...keys);
    },
    heal: nothing,
  },
  {
    name: 'redis-flushed',
    description: 'FLUSHALL',
    holdMs: 0,
    inject: async ({ stack }) => {
      await cli(stack, 'FLUSHALL');
    },
    heal: nothing,
  },
  {
    name: 'redis-older-ingest-frozen',
    description: 'an ingest stands still while Redis comes back with an older file, and goes on 5 s later',
    holdMs: 5_000,
    // nginx answers the requests to the frozen ingest, after 4 s.
    refusalMsMax: 5_000,
    inject: async ({ stack }) => {
      await keepCopy(stack);
      await Bun.sleep(FORGOTTEN_MS);
      stack.signal('ingest-2', 'SIGSTOP');
      await restartFromCopy(stack);
    },
    heal: async ({ stack }) => stack.signal('ingest-2', 'SIGCONT'),
  },
];
