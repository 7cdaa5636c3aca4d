import { setTimeout as sleep } from 'node:timers/promises';

/** Waits, or less where `signal` is aborted meanwhile. Never rejects. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => {});
}
