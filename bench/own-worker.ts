/**
 * A worker beside the stack, whose own worker is stopped. It starts and stops within a second, and can run without
 * search, to measure storing alone. (The stack waits until a worker is ready, and one without search never is.)
 */

import { join } from 'node:path';
import { until } from '@parley/testing';
import { launched } from './children.ts';
import { type BenchStack, REPOSITORY } from './stack.ts';
import { type WorkerTotals, workerTotals } from './system.ts';

const PORT = 17_150;
/** Elasticsearch's address for a worker without search: nothing listens. */
const NOWHERE = 'http://127.0.0.1:17159';

export class OwnWorker {
  readonly #child: Bun.Subprocess;
  readonly pid: number;

  private constructor(child: Bun.Subprocess) {
    this.#child = child;
    this.pid = child.pid;
  }

  static async start(stack: BenchStack, { searching }: { searching: boolean }): Promise<OwnWorker> {
    const environment = {
      ...stack.appEnvironment('worker', PORT),
      ...{ PATH: process.env.PATH ?? '', NODE_ENV: 'production', LOG_LEVEL: 'error' },
      ...(!searching && { ELASTICSEARCH_URL: NOWHERE }),
    };
    const child = launched([process.execPath, join(REPOSITORY, 'apps/worker/src/main.ts')], environment, 'ignore');
    const worker = new OwnWorker(child);
    await until('the worker answers', () => worker.totals().then(() => true), 30_000);
    return worker;
  }

  totals(): Promise<WorkerTotals> {
    return workerTotals(`http://127.0.0.1:${PORT}`);
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.#child.exited;
  }
}
