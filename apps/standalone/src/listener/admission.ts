/**
 * At most this many requests with long answers start in one turn of the event loop, so that these answers are made
 * before more start. After an answer above LARGE_BYTES only one starts in a turn: making it takes several times its
 * memory.
 */
const LONG_A_TURN = 4;
const LARGE_BYTES = 1024 * 1024;

/** A request that asks for admission: it may start, or is refused. */
export interface Entrant {
  /** Whether the request is admitted like one with a long answer: its answer may be long, or its body is large. */
  readonly long: boolean;
  start(): void;
  refuse(): void;
}

/**
 * Makes requests wait while answers that are made but not yet sent fill the memory. Without it, 60 clients that do not
 * read their answers of 8 MB would take gigabytes.
 */
export class Admission {
  readonly #unsentBytesMax: number;
  readonly #waitMs: number;
  #unsent = 0;
  /** The waiting requests in order of arrival, with the time of each (performance.now()). */
  readonly #waiting = new Map<Entrant, number>();
  #begunInTurn = 0;
  #longATurn = 1;
  #turnEnds: NodeJS.Immediate | undefined;

  constructor(options: { readonly unsentBytesMax: number; readonly waitMs: number }) {
    this.#unsentBytesMax = options.unsentBytesMax;
    this.#waitMs = options.waitMs;
  }

  /** Whether requests wait because clients do not read their answers fast enough. */
  get blocked(): boolean {
    return this.#waiting.size > 0 && this.#full;
  }

  get #full(): boolean {
    return this.#unsent >= this.#unsentBytesMax;
  }

  /**
   * Calls `start` now or later; `refuse` if the request has waited too long. A request with a short answer waits only
   * if unsent answers take twice the limit.
   */
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

  /** Removes a request that no longer waits, because its connection was closed. */
  leave(entrant: Entrant): void {
    this.#waiting.delete(entrant);
  }

  /** Adds an answer that was just made to the unsent bytes. `long`: as when its request entered. */
  made(bytes: number, long: boolean): void {
    this.#unsent += bytes;
    if (long) this.#longATurn = bytes > LARGE_BYTES ? 1 : LONG_A_TURN;
  }

  /** Takes bytes off the unsent ones: they were sent, or dropped with their connection. */
  sent(bytes: number): void {
    this.#unsent -= bytes;
    if (this.#waiting.size > 0) this.#endTurn();
  }

  /** Refuses requests that have waited too long for memory. */
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
