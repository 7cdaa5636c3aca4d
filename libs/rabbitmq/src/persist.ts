const RETRY_FIRST_MS = 50;
const RETRY_MAX_MS = 2_000;

export interface PersistOptions {
  /** Whether another attempt makes sense. */
  readonly goOn: () => boolean;
  /** Ends the waiting between two attempts. */
  readonly stop: AbortSignal;
  readonly failed: (error: unknown, tries: number) => void;
}

/** Tries again and again, with growing and random pauses, until it is done. Undefined where it was not to go on. */
export async function persist<T>(attempt: () => Promise<T>, options: PersistOptions): Promise<T | undefined> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      options.failed(error, tries);
    }
    if (!options.goOn()) return undefined;
    await pause(retryDelayMs(tries), options.stop);
    if (!options.goOn()) return undefined;
  }
}

function retryDelayMs(tries: number): number {
  return Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(tries, 10)) * (0.5 + Math.random() / 2);
}

/** Waits, but not longer than until the signal. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  const stop = () => resolve();
  signal.addEventListener('abort', stop, { once: true });
  await promise;
  clearTimeout(timer);
  signal.removeEventListener('abort', stop);
}
