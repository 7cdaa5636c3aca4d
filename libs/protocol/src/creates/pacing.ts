import { partitionOf, type Token } from '@parley/domain';
import type { Clock } from '../clock.ts';

/** How many cycles of a partition may be on their way without a wait. */
const CYCLES_MAX = 2;
/** After this time without a new cycle, creates wait no longer for those before them: a port may have stopped. */
const HOLD_MS = 50;

interface Time {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Calls `run` after this time. */
  readonly after: (ms: number, run: () => void) => void;
}

/** A create that is to begin. It tells its cycle once that it is on its way no longer. */
export interface Paced {
  /** Must not throw. */
  begin(cycle: Cycle): void;
}

/** The creates of a partition that began together. */
export interface Cycle {
  /** Called once by each create of the cycle: it has ended, or does what others need not wait for. */
  left(): void;
}

/**
 * Gathers creates, so that a draw and an envelope serve many. A call to a server costs about the same for one create as
 * for a hundred, and while a call is on its way more creates arrive.
 *
 * The creates of a partition begin in cycles. The next one begins when all before it have ended, or as soon as as many
 * creates wait as the last one had. So under load two cycles of equal size take turns: while the servers have one, this
 * process works for the other. A single create never waits.
 */
export class Pacing {
  readonly #lanes: readonly Lane[];

  constructor({ partitions, ...time }: { readonly partitions: number } & Time) {
    this.#lanes = Array.from({ length: partitions }, () => new Lane(time));
  }

  /** Calls `begin` soon, at the end of the microtasks of this turn or later, in the order of the calls of `add`. */
  add(token: Token, one: Paced): void {
    const lane = this.#lanes[partitionOf(token, this.#lanes.length)];
    if (lane === undefined) throw new RangeError('not a token');
    lane.add(one);
  }
}

class Lane {
  readonly #time: Time;
  #waiting: Paced[] = [];
  /** Cycles of which not all have left. */
  #cycles = 0;
  #lastLength = 0;
  #lastBegunAt = 0;
  #scheduled = false;
  #holding = false;

  constructor(time: Time) {
    this.#time = time;
  }

  add(one: Paced): void {
    this.#waiting.push(one);
    this.#look();
  }

  #look(): void {
    const length = this.#waiting.length;
    if (length === 0 || this.#scheduled) return;
    if (this.#cycles === 0 || (this.#cycles < CYCLES_MAX && length >= this.#lastLength)) {
      this.#scheduled = true;
      queueMicrotask(() => this.#begin());
    } else this.#hold();
  }

  #begin(): void {
    this.#scheduled = false;
    const creates = this.#waiting;
    this.#waiting = [];
    this.#cycles += 1;
    this.#lastLength = creates.length;
    this.#lastBegunAt = this.#time.clock.monotonic();
    let onTheirWay = creates.length;
    const cycle: Cycle = {
      left: () => {
        onTheirWay -= 1;
        if (onTheirWay > 0) return;
        this.#cycles -= 1;
        this.#look();
      },
    };
    for (const create of creates) create.begin(cycle);
  }

  /** Makes sure that what waits now begins in time. */
  #hold(): void {
    if (this.#holding) return;
    this.#holding = true;
    this.#time.after(Math.max(1, this.#rest()), () => {
      this.#holding = false;
      if (this.#waiting.length === 0 || this.#scheduled) return;
      if (this.#rest() <= 0) this.#begin();
      else this.#hold();
    });
  }

  #rest(): number {
    return this.#lastBegunAt + HOLD_MS - this.#time.clock.monotonic();
  }
}
