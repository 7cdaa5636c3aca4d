import type { Store } from '@parley/domain';
import type { Harness } from './open-harness.ts';
import { storeAppendContract } from './store-append.contract.ts';
import { storeReadsContract } from './store-reads.contract.ts';
import { storeTextsContract } from './store-texts.contract.ts';
import { storeTimesContract } from './store-times.contract.ts';

export interface StoreHarness extends Harness {
  readonly store: Store;
}

/** The tests that every driver of Store must pass. */
export function storeContract(name: string, open: () => Promise<StoreHarness>): void {
  storeAppendContract(name, open);
  storeReadsContract(name, open);
  storeTextsContract(name, open);
  storeTimesContract(name, open);
}
