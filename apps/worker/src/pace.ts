/** Limits work that grows with the stored data to a share of the time: it rests in proportion to each piece's time. */
export class Pace {
  readonly #rest: number;
  #notBefore = 0;

  /** `share`: of the time, above 0 and at most 1. `now`: milliseconds of a monotonic clock. */
  constructor(
    share: number,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#rest = 1 / share - 1;
  }

  /** Runs a piece, or does nothing during the rest after the last one. Rejects if the piece rejects. */
  async run(piece: () => Promise<void>): Promise<void> {
    const begun = this.now();
    if (begun < this.#notBefore) return;
    try {
      await piece();
    } finally {
      const ended = this.now();
      this.#notBefore = ended + (ended - begun) * this.#rest;
    }
  }
}
