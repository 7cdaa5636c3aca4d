/** Time for the parts of Access. Tests give another one, so that they need not wait. */
export interface Clock {
  /** Milliseconds since 1970, UTC. */
  now(): number;
  /** Milliseconds since some moment. Unlike `now` it never goes back. */
  elapsed(): number;
  /** Runs `run` again and again. Returns the function that ends it. */
  every(ms: number, run: () => void): () => void;
  /** Runs `run` once. Returns the function that cancels it. */
  after(ms: number, run: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  every: (ms, run) => {
    const timer = setInterval(run, ms);
    return () => clearInterval(timer);
  },
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
