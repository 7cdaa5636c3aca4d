/**
 * PORT. What a new epoch of the numbers needs besides the server that draws them (docs/decisions/0012-epochs.md).
 * Every method rejects with Unavailable if it cannot work now. The caller may try again.
 */
export interface EpochRegister {
  /**
   * Gives out the number of a partition's next epoch: above `above`, above all earlier ones, and never given out twice.
   */
  next(partition: number, above: number): Promise<number>;
  /** The last number that `next` has given out for the partition; 0 before the first. */
  last(partition: number): Promise<number>;
  /**
   * Resolves once every event that was published to the partition before this call is stored, and no event of an older
   * epoch can be stored any more.
   */
  begin(partition: number, epoch: number): Promise<void>;
}
