/**
 * A clock that never goes back in this process. Who asks for what has changed since an earlier time misses nothing, even
 * if the machine's clock was set back meanwhile.
 */
export function risingClock(now: () => number): () => number {
  let latest = 0;
  return () => {
    latest = Math.max(latest, now());
    return latest;
  };
}
