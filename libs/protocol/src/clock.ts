/** Where the protocol reads the time. Two clocks, because each can hide time that has passed. */
export interface Clock {
  /** Milliseconds. Nobody sets it, but it may stand still while the whole machine is suspended. */
  monotonic(): number;
  /** Milliseconds since 1970. It goes on while the machine is suspended, but it can be set back. */
  wall(): number;
}

export const systemClock: Clock = { monotonic: () => performance.now(), wall: () => Date.now() };

/** A point in time, by both clocks. */
export interface Moment {
  readonly monotonic: number;
  readonly wall: number;
}

export function momentOf(clock: Clock): Moment {
  return { monotonic: clock.monotonic(), wall: clock.wall() };
}

/** How many milliseconds have passed since, by the clock that shows more. */
export function elapsedMs(clock: Clock, { monotonic, wall }: Moment): number {
  return Math.max(clock.monotonic() - monotonic, clock.wall() - wall);
}
