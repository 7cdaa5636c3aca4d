const DEADLINE_MS = 10_000;
const BETWEEN_LOOKS_MS = 2;

/** Resolves once the condition holds; rejects, naming it, where it does not within ten seconds. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const started = performance.now();
  while (!(await holds())) {
    if (performance.now() - started > DEADLINE_MS) throw new Error(`waited in vain until ${what}`);
    await Bun.sleep(BETWEEN_LOOKS_MS);
  }
}
