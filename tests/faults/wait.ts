/** Waiting for conditions, never for time alone. */

export class TooLate extends Error {
  override readonly name = 'TooLate';
}

const POLL_MS = 200;

/** Asks until `check` says yes; an error counts as no. @throws {TooLate} with the last error, after `withinMs` */
export async function until(what: string, withinMs: number, check: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + withinMs;
  let last = '';
  for (;;) {
    try {
      if (await check()) return;
      last = '';
    } catch (error) {
      last = `: ${String(error)}`;
    }
    if (performance.now() > deadline) throw new TooLate(`not within ${withinMs / 1_000} s: ${what}${last}`);
    await Bun.sleep(POLL_MS);
  }
}
