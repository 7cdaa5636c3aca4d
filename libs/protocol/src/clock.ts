/** The clocks that measure whether a create is in time. Each of the two can miss time that has passed. */
export interface Clock {
  /** Milliseconds since any start. This clock is never set back, but it may stop while the machine is suspended. */
  monotonic(): number;
  /** Milliseconds since 1970. This clock runs on while the machine is suspended, but it can be set back. */
  wall(): number;
}

export const systemClock: Clock = { monotonic: () => performance.now(), wall: () => Date.now() };

/**
 * A clock for what comes in bulk. It is read once, and shows that reading until the microtasks that wait by then have
 * run. What a socket brings is handled after these, so no confirm is timed by a reading from before it came.
 */
export function oncePerTurn(clock: Clock): Clock {
  let now: Moment | undefined;
  const forget = () => {
    now = undefined;
  };
  const reading = () => {
    if (now === undefined) {
      now = momentOf(clock);
      queueMicrotask(forget);
    }
    return now;
  };
  return { monotonic: () => reading().monotonic, wall: () => reading().wall };
}

export interface Moment {
  readonly monotonic: number;
  readonly wall: number;
}

export function momentOf(clock: Clock): Moment {
  return { monotonic: clock.monotonic(), wall: clock.wall() };
}

/** Milliseconds since a moment, by the clock that shows more. */
export function elapsedMs(clock: Clock, { monotonic, wall }: Moment): number {
  return Math.max(clock.monotonic() - monotonic, clock.wall() - wall);
}
