/**
 * Of requests whose answers may be long, so many begin in a turn of the event loop, so that they are made before the next
 * ones begin; one after an answer that was large: what it was made of takes several times as much memory.
 */
const LONG_A_TURN = 4;
const LARGE_BYTES = 1024 * 1024;

/** A request before the door. */
export interface Entrant {
  /** Whether its answer may be long. */
  readonly long: boolean;
  start(): void;
  refuse(): void;
}

/**
 * Holds back requests while answers that were made and not taken by their clients fill the memory. Trades latency for
 * a bound: with 60 clients that do not read, pages of 8 MB would take gigabytes.
 */
export class Admission {
  readonly #unsentBytesMax: number;
  readonly #waitMs: number;
  #unsent = 0;
  /** In the order in which they came, with the time. */
  readonly #waiting = new Map<Entrant, number>();
  #begunInTurn = 0;
  #longATurn = 1;
  #turnEnds: NodeJS.Immediate | undefined;

  constructor(options: { readonly unsentBytesMax: number; readonly waitMs: number }) {
    this.#unsentBytesMax = options.unsentBytesMax;
    this.#waitMs = options.waitMs;
  }

  /** Whether requests wait because clients do not read. */
  get blocked(): boolean {
    return this.#waiting.size > 0 && this.#full;
  }

  get #full(): boolean {
    return this.#unsent >= this.#unsentBytesMax;
  }

  /** Calls `start` now or later, or else `refuse`. What is not long goes before. */
  enter(entrant: Entrant): void {
    const open = entrant.long
      ? !this.#full && this.#waiting.size === 0 && this.#begunInTurn < this.#longATurn
      : this.#unsent < 2 * this.#unsentBytesMax;
    if (open) {
      if (entrant.long) this.#count();
      entrant.start();
      return;
    }
    this.#waiting.set(entrant, performance.now());
    this.#endTurn();
  }

  /** It does not want to enter any more. */
  leave(entrant: Entrant): void {
    this.#waiting.delete(entrant);
  }

  /** An answer is made, and none of it sent. `long`: as its request entered. */
  made(bytes: number, long: boolean): void {
    this.#unsent += bytes;
    if (long) this.#longATurn = bytes > LARGE_BYTES ? 1 : LONG_A_TURN;
  }

  /** Bytes of answers were sent, or dropped with their connection. */
  sent(bytes: number): void {
    this.#unsent -= bytes;
    if (this.#waiting.size > 0) this.#endTurn();
  }

  /** Refuses what has waited for too long. */
  sweep(now: number): void {
    for (const [entrant, since] of this.#waiting) {
      if (now - since < this.#waitMs) return;
      this.#waiting.delete(entrant);
      entrant.refuse();
    }
  }

  #count(): void {
    this.#begunInTurn += 1;
    this.#endTurn();
  }

  #endTurn(): void {
    this.#turnEnds ??= setImmediate(() => {
      this.#turnEnds = undefined;
      this.#begunInTurn = 0;
      for (const entrant of this.#waiting.keys()) {
        if (this.#full || this.#begunInTurn >= this.#longATurn) break;
        this.#waiting.delete(entrant);
        this.#count();
        entrant.start();
      }
      if (!this.#full && this.#waiting.size > 0) this.#endTurn();
    });
  }
}
