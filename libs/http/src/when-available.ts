import { Unavailable } from '@parley/domain';
import type { Logger } from '@parley/runtime';

const START_WITHIN_MS = 60_000;
const START_RETRY_MS = 500;

/**
 * Runs a step of the start; repeats it while it throws Unavailable, for a minute at most. Other errors are thrown at
 * once.
 */
export async function whenAvailable<T>(logger: Logger, step: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + START_WITHIN_MS;
  for (;;) {
    try {
      return await step();
    } catch (error) {
      if (!(error instanceof Unavailable) || performance.now() > deadline) throw error;
      logger.warn({ err: error }, 'waiting to start');
      await Bun.sleep(START_RETRY_MS);
    }
  }
}
