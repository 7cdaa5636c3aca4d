import { backoffMs, pause } from '@parley/runtime';

const RETRY = { firstMs: 50, maxMs: 2_000 };

export interface PersistOptions {
  readonly goOn: () => boolean;
  /** Ends the pause between two attempts. */
  readonly stop: AbortSignal;
  readonly failed: (error: unknown, tries: number) => void;
}

/**
 * Retries with growing random pauses until `attempt` succeeds, and returns its result; undefined once `goOn` returns
 * false.
 */
export async function persist<T>(attempt: () => Promise<T>, options: PersistOptions): Promise<T | undefined> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      options.failed(error, tries);
    }
    if (!options.goOn()) return undefined;
    await pause(backoffMs(tries, RETRY), options.stop);
    if (!options.goOn()) return undefined;
  }
}
