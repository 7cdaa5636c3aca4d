import { setTimeout as sleep } from 'node:timers/promises';

export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * How long to wait after this many failures in a row, from 0 on: twice as long each time up to `maxMs`, and anywhere
 * between a half and the whole of it, so that those who failed together do not come back together.
 */
export function backoffMs(failures: number, { firstMs, maxMs }: Backoff): number {
  return Math.min(maxMs, firstMs * 2 ** failures) * (0.5 + Math.random() / 2);
}

/** Waits, or less where `signal` is aborted meanwhile. Never rejects. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => {});
}
