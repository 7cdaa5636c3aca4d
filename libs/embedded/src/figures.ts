import { FIGURES_SECONDS, type Figures, type ProgramFigures } from '@parley/domain';

interface Put {
  readonly figures: ProgramFigures;
  /** By performance.now. */
  readonly at: number;
}

/** The figures of the one program that there is, in memory. */
export class EmbeddedFigures implements Figures {
  readonly #puts = new Map<string, Put>();

  /** `now`: a clock in milliseconds that never goes back. */
  constructor(private readonly now: () => number = () => performance.now()) {}

  async put(figures: ProgramFigures): Promise<void> {
    this.#forgetOld();
    this.#puts.set(figures.id, { figures, at: this.now() });
  }

  async all(): Promise<readonly ProgramFigures[]> {
    this.#forgetOld();
    const all = Array.from(this.#puts.values(), ({ figures }) => figures);
    return all.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.startedAt - b.startedAt));
  }

  #forgetOld(): void {
    const before = this.now() - FIGURES_SECONDS * 1_000;
    for (const [id, { at }] of this.#puts) if (at < before) this.#puts.delete(id);
  }
}
