/** Runs `run`, and returns what microtasks threw meanwhile, which would end a program. */
export async function thrownApart(run: () => Promise<unknown>): Promise<unknown[]> {
  const thrown: unknown[] = [];
  const { queueMicrotask } = globalThis;
  globalThis.queueMicrotask = (task) =>
    queueMicrotask(() => {
      try {
        task();
      } catch (error) {
        thrown.push(error);
      }
    });
  try {
    await run();
  } finally {
    globalThis.queueMicrotask = queueMicrotask;
  }
  return thrown;
}
