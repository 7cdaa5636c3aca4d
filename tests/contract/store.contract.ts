import type { Store } from '@parley/domain';
import type { Harness } from './open-harness.ts';
import { storeAccessContract } from './store-access.contract.ts';
import { storeAppendContract } from './store-append.contract.ts';
import { storeLifeContract } from './store-life.contract.ts';
import { storeReadsContract } from './store-reads.contract.ts';
import { storeTextsContract } from './store-texts.contract.ts';
import { storeTimesContract } from './store-times.contract.ts';
import { storeVersionsContract } from './store-versions.contract.ts';

export interface StoreHarness extends Harness {
  readonly store: Store;
  /** Adds what is counted elsewhere to the counts in the rows, if the store does not do that itself. */
  readonly settleCounts?: () => Promise<void>;
}

/** The tests that every driver of Store must pass. */
export function storeContract(name: string, open: () => Promise<StoreHarness>): void {
  storeAppendContract(name, open);
  storeReadsContract(name, open);
  storeTextsContract(name, open);
  storeTimesContract(name, open);
  storeVersionsContract(name, open);
  storeLifeContract(name, open);
  storeAccessContract(name, open);
}
