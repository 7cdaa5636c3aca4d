/** Faults that kill or stop our own programs. In most of them the other instance of each program goes on. */
import type { Fault } from '../fault.ts';
import type { AppName, ProgramName } from '../stack.ts';

function killed(name: string, programs: readonly ProgramName[], holdMs: number): Fault {
  return {
    name,
    description: `kill -9 of ${programs.join(' and ')}, started again ${holdMs / 1_000} s later`,
    holdMs,
    inject: async ({ stack }) => {
      await Promise.all(programs.map((program) => stack.kill(program)));
    },
    heal: async ({ stack }) => {
      await stack.start(...programs);
    },
  };
}

function terminated(name: string, program: AppName): Fault {
  return {
    name,
    description: `SIGTERM of ${program}, started again when it has ended`,
    holdMs: 2_000,
    inject: async ({ stack }) => {
      await stack.stop(program);
    },
    heal: async ({ stack }) => {
      await stack.start(program);
    },
  };
}

export const appFaults: readonly Fault[] = [
  killed('ingest-kill', ['ingest-1'], 3_000),
  terminated('ingest-term', 'ingest-1'),
  killed('api-kill', ['api-1'], 3_000),
  terminated('api-term', 'api-1'),
  killed('worker-kill', ['worker-1'], 3_000),
  terminated('worker-term', 'worker-1'),
  killed('workers-kill', ['worker-1', 'worker-2'], 5_000),
];
