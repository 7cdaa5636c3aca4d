/**
 * PORT. What the running programs say of themselves: each puts its figures every two seconds, and an operator reads all
 * of them. Rejects with Unavailable.
 */
export interface Figures {
  /** Replaces what this program has put before. It is forgotten after FIGURES_SECONDS. */
  put(figures: ProgramFigures): Promise<void>;
  /** By name, then by start. */
  all(): Promise<readonly ProgramFigures[]>;
}

export interface ProgramFigures {
  /** Names this process, not its data: a new one at each start. */
  readonly id: string;
  /** The kind of program: ingest, api, worker or standalone. */
  readonly name: string;
  readonly version: string;
  /** Milliseconds since 1970, UTC. */
  readonly startedAt: number;
  readonly at: number;
  /** Metrics by name, summed over their labels. */
  readonly values: Readonly<Record<string, number>>;
}

export const FIGURES_EVERY_MS = 2_000;
export const FIGURES_SECONDS = 10;
