import type { Clock } from '../access/clock.ts';

interface Timer {
  at: number;
  readonly everyMs: number | undefined;
  readonly run: () => void;
}

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #elapsed = 1_000;
  #asleep = 0;
  readonly #timers = new Set<Timer>();

  now(): number {
    return Date.parse('2026-03-01T00:00:00Z') + this.#elapsed + this.#asleep;
  }

  elapsed(): number {
    return this.#elapsed;
  }

  every(ms: number, run: () => void): () => void {
    return this.#add({ at: this.#elapsed + ms, everyMs: ms, run });
  }

  after(ms: number, run: () => void): () => void {
    return this.#add({ at: this.#elapsed + ms, everyMs: undefined, run });
  }

  /** Runs the timers of this time, each at its time, and lets what they begin go on. */
  async advance(ms: number): Promise<void> {
    const end = this.#elapsed + ms;
    await settled();
    for (;;) {
      const [next] = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#elapsed = Math.max(this.#elapsed, next.at);
      if (next.everyMs === undefined) this.#timers.delete(next);
      else next.at += next.everyMs;
      next.run();
      await settled();
    }
    this.#elapsed = end;
  }

  /** Time passes, but nothing runs: the process was stopped. */
  freeze(ms: number): void {
    this.#elapsed += ms;
  }

  /** The machine is suspended: only the time of day goes on. */
  suspend(ms: number): void {
    this.#asleep += ms;
  }

  #add(timer: Timer): () => void {
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }
}

/** Ends when all promises that depend on no timer are settled. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
