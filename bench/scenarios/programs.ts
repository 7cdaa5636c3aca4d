/** How long our programs take to start, and how much memory they use under lasting load. */
import { type Context, type Scenario, watched } from '../context.ts';
import { load, usualTool } from '../load/load.ts';
import { bornAt, usageOf } from '../measure/processes.ts';
import type { Measurement } from '../measure/result.ts';
import { creates, newChats } from '../system.ts';

const APPS = ['ingest', 'api', 'worker'] as const;
const RSS_MB_MAX = 200;
const LOOK_EVERY_MS = 1_000;

export const programs: Scenario = {
  name: 'programs',
  description: 'start-up time, and memory over a minute of full load (ten with --large)',
  run: async (context) => [...(await starts(context)), ...(await memory(context))],
};

async function starts(context: Context): Promise<Measurement[]> {
  const { stack, quick } = context;
  const measurements: Measurement[] = [];
  for (const app of APPS) {
    const values: number[] = [];
    for (let round = 0; round < (quick ? 1 : 3); round += 1) {
      await stack.stop(`${app}-1`);
      const started = stack.start(`${app}-1`);
      const readyAt = await readiness(stack[app]);
      await started;
      values.push(readyAt - bornAt(stack.pids.get(app) ?? 0));
    }
    measurements.push({ scenario: 'programs', name: `start of ${app} until /readyz`, unit: 'ms', values, samples: [] });
  }
  return measurements;
}

async function readiness(url: string): Promise<number> {
  for (;;) {
    const response = await fetch(`${url}/readyz`).catch(() => undefined);
    if (response?.ok) return Date.now();
    await Bun.sleep(5);
  }
}

async function memory(context: Context): Promise<Measurement[]> {
  const { stack, quick, large } = context;
  const seconds = large ? 600 : quick ? 10 : 60;
  const chats = await newChats(stack.ingest, 10, 5);
  const seen = new Map<string, number[]>(APPS.map((app) => [app, []]));
  const look = setInterval(() => {
    for (const [name, { residentMb }] of usageOf(stack.pids)) seen.get(name)?.push(residentMb);
  }, LOOK_EVERY_MS);
  const targets = creates(chats);
  const options = { url: stack.ingest, connections: 256, targets, seconds };
  const sample = await watched(context, () => load(options, usualTool()));
  clearInterval(look);
  return APPS.map((app, index) => {
    const all = seen.get(app) ?? [];
    const lastThird = all.slice(Math.floor((all.length * 2) / 3));
    const firstHalf = all.slice(Math.floor(all.length / 6), Math.ceil(all.length / 2));
    const growth = mean(lastThird) - mean(firstHalf);
    return {
      ...{ scenario: 'programs', name: `RSS of ${app} in ${seconds} s of creates`, unit: 'MB' },
      samples: index === 0 ? [sample] : [],
      ...{ values: all.length > 0 ? [Math.max(...all)] : [], target: { atMost: RSS_MB_MAX } },
      note: `${growth.toFixed(1)} MB more in the last third than in the first half`,
    };
  });
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
