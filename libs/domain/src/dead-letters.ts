/** PORT. The events that could not be stored, and wait for an operator. Every method may reject with Unavailable. */
export interface DeadLetters {
  count(): Promise<number>;
  /** The oldest ones, at most `limit`. They stay. */
  list(limit: number): Promise<readonly WaitingLetter[]>;
  /** Publishes those of the oldest `limit` again that can be stored, and removes them. Returns how many. */
  replay(limit: number): Promise<number>;
}

export interface WaitingLetter {
  readonly reason: string;
  /** What was wrong, for the operator. */
  readonly detail: string;
  /** What was published, in UTF-8. */
  readonly content: Uint8Array;
}
