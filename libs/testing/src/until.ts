/** Thrown by `until` if a condition did not become true in time. */
export class TooLate extends Error {
  override readonly name = 'TooLate';
}

const PAUSE_MS_MIN = 2;
const PAUSE_MS_MAX = 200;
/**
 * Each pause between two checks is this share of the time waited so far: short waits end quickly, long ones check
 * rarely.
 */
const SHARE = 0.1;

/**
 * Calls `holds` until it returns true. If it throws, that counts as false: the thing that it checks may not exist yet.
 * @throws {TooLate} after `withinMs`, with `what` and the last error
 */
export async function until(what: string, holds: () => boolean | Promise<boolean>, withinMs = 15_000): Promise<void> {
  const since = performance.now();
  for (;;) {
    let cause: unknown;
    try {
      if (await holds()) return;
    } catch (error) {
      cause = error;
    }
    const waited = performance.now() - since;
    if (waited > withinMs) {
      const last = cause === undefined ? '' : `, at last: ${String(cause)}`;
      throw new TooLate(`waited ${withinMs / 1_000} s in vain until ${what}${last}`, { cause });
    }
    await Bun.sleep(Math.min(PAUSE_MS_MAX, Math.max(PAUSE_MS_MIN, waited * SHARE)));
  }
}
