/** Limits background work to a share of the time: after each piece it rests in proportion to the piece's time. */
export class Pace {
  readonly #rest: number;
  #notBefore = 0;

  /** `share`: the part of the time, above 0 and at most 1. `now`: milliseconds of a clock that never goes back. */
  constructor(
    share: number,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#rest = 1 / share - 1;
  }

  /** How long the rest after the last piece still lasts, in milliseconds. */
  get restMs(): number {
    return Math.max(0, this.#notBefore - this.now());
  }

  /** Runs a piece of work, or does nothing while the rest after the last piece lasts. Rejects if the piece rejects. */
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
