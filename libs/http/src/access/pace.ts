/**
 * Spaces the questions that unknown credentials lead to: one at a time, and at most one in each period, however many
 * requests ask. Kinds of questions take turns.
 */
import { endOfTurn } from '../body-deadline.ts';
import type { Clock } from './clock.ts';

/** At most five a second in each process. */
export const LOOKUP_PERIOD_MS = 200;

/** A question to the store. It must not reject. */
export type Question = () => Promise<void>;

export class Pace {
  readonly #wanted = new Set<Question>();
  #startedAt = Number.NEGATIVE_INFINITY;
  #isRunning = false;
  #cancel: (() => void) | undefined;

  constructor(private readonly clock: Clock) {}

  /** Has the question asked as soon as its turn comes. Until then, further requests of it add nothing. */
  request(question: Question): void {
    this.#wanted.add(question);
    this.#next();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #next(): void {
    if (this.#isRunning || this.#cancel !== undefined) return;
    const [question] = this.#wanted;
    if (question === undefined) return;
    const wait = this.#startedAt + LOOKUP_PERIOD_MS - this.clock.elapsed();
    if (wait <= 0) return void this.#run(question);
    this.#cancel = this.clock.after(wait, () => {
      this.#cancel = undefined;
      this.#next();
    });
  }

  async #run(question: Question): Promise<void> {
    this.#isRunning = true;
    await endOfTurn(); // so that one question has all that this turn's requests want to know
    this.#wanted.delete(question);
    this.#startedAt = this.clock.elapsed();
    await question();
    this.#isRunning = false;
    this.#next();
  }
}
