import type { EpochRegister } from '@parley/domain';

/** The worker may have a backlog before it: as long as it takes, the opening is tried again. */
const BEGIN_TIMEOUT_MS = 30_000;

export interface EpochRegisterParts {
  /** Gives out numbers of epochs. */
  readonly database: {
    nextEpoch(partition: number, above: number): Promise<number>;
    lastEpoch(partition: number): Promise<number>;
  };
  /** Puts the beginning of an epoch behind everything that was published. */
  readonly log: { beginEpoch(partition: number, epoch: number, timeoutMs: number): Promise<void> };
}

/** Epochs are numbered by the database, and begin in the log. */
export function epochRegister({ database, log }: EpochRegisterParts): EpochRegister {
  return {
    next: (partition, above) => database.nextEpoch(partition, above),
    last: (partition) => database.lastEpoch(partition),
    begin: (partition, epoch) => log.beginEpoch(partition, epoch, BEGIN_TIMEOUT_MS),
  };
}
