/** The clocks of the protocol. There are two, because each of them can miss time that has passed. */
export interface Clock {
  /** Milliseconds. It is never set back, but it may stop while the machine is suspended. */
  monotonic(): number;
  /** Milliseconds since 1970. It runs on while the machine is suspended, but it can be set back. */
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

/** Milliseconds since that moment: the larger of what the two clocks show. */
export function elapsedMs(clock: Clock, { monotonic, wall }: Moment): number {
  return Math.max(clock.monotonic() - monotonic, clock.wall() - wall);
}
