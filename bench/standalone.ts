/** Runs the standalone as a process of its own, on a data folder that the caller removes. */

import { join } from 'node:path';
import { until } from '@parley/testing';
import { launched } from './children.ts';
import { REPOSITORY } from './stack.ts';

export interface Standalone {
  readonly url: string;
  readonly pid: number;
  end(): Promise<void>;
}

export async function launchedStandalone(port: number, dataDir: string): Promise<Standalone> {
  const child = launched(
    [process.execPath, join(REPOSITORY, 'apps/standalone/src/main.ts')],
    {
      ...{ ...process.env, NODE_ENV: 'production', HOST: '127.0.0.1' },
      ...{ PORT: String(port), DATA_DIR: dataDir, LOG_LEVEL: 'error' },
    },
    'ignore',
  );
  const url = `http://127.0.0.1:${port}`;
  await until('the standalone is ready', async () => (await fetch(`${url}/readyz`)).ok, 30_000);
  return {
    url,
    pid: child.pid,
    end: async () => {
      child.kill();
      await child.exited;
    },
  };
}

/** How many transactions with creates a standalone has committed since its start. */
export async function transactionsOf(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^parley_store_batch_rows_count(?:{[^}]*})? (\S+)$/m.exec(text)?.[1] ?? 0);
}
