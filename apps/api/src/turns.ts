/** Work with texts blocks all other requests. So after this many ms it yields to the event loop. */
const TURN_MS = 5;

/**
 * Ends with the last turn of the event loop that a search waits for. Each turn is for one search: its page may have
 * megabytes.
 */
let lastTurn = Promise.resolve();
export function nextTurn(): Promise<void> {
  lastTurn = lastTurn.then(() => new Promise((resolve) => setImmediate(resolve)));
  return lastTurn;
}

/** Calls `work` with each item, in order, and lets other requests work in between. */
export async function eachInTurns<Item>(items: readonly Item[], work: (item: Item) => void): Promise<void> {
  let ends = performance.now() + TURN_MS;
  for (const item of items) {
    work(item);
    if (performance.now() < ends) continue;
    await nextTurn();
    ends = performance.now() + TURN_MS;
  }
}
