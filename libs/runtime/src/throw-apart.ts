/**
 * Throws the error on its own, as uncaught, which ends the program. For a caller that has others to tell first: without
 * this, a callback that throws would keep them from their answer.
 */
export function throwApart(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
