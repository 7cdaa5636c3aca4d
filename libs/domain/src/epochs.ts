/**
 * PORT. What a new epoch of the numbers needs outside of where they are drawn (docs/decisions/0012-epochs.md).
 * Every method rejects with Unavailable where it cannot be done now; it may be tried again.
 */
export interface EpochRegister {
  /** The number of a partition's next epoch: above `above` and above all given out before, and never given twice. */
  next(partition: number, above: number): Promise<number>;
  /** The last number that `next` has given out for the partition; 0 before the first. */
  last(partition: number): Promise<number>;
  /**
   * Resolves once everything that was published to the partition before is stored, and nothing of an older epoch ever
   * will be.
   */
  begin(partition: number, epoch: number): Promise<void>;
}
