/**
 * PORT. What a new epoch of the numbers needs besides the server that draws them (docs/decisions/0012-epochs.md).
 * Every method rejects with Unavailable if it cannot work now. The caller may try again.
 */
export interface EpochRegister {
  /**
   * Returns a number for the partition's next epoch: above `above`, above all earlier ones, and never returned twice.
   */
  next(partition: number, above: number): Promise<number>;
  /** Returns the last epoch that `next` has returned for the partition; 0 before the first. */
  last(partition: number): Promise<number>;
  /**
   * Resolves once every event that was published to the partition before this call is stored, and no event of an epoch
   * older than `epoch` can be stored any more.
   */
  begin(partition: number, epoch: number): Promise<void>;
}
