/**
 * Keeps work that takes the longer the more is stored to a share of the time: after each piece it rests in proportion to
 * how long that took.
 */
export class Pace {
  readonly #rest: number;
  #notBefore = 0;

  /** `share`: of the time, above 0 and at most 1. `now`: milliseconds of a clock that nobody sets. */
  constructor(
    share: number,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#rest = 1 / share - 1;
  }

  /** Does a piece, or nothing while the rest after the last one lasts. Rejects as the piece does. */
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
