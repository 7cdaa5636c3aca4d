import type { Ledger } from '@parley/domain';
import { refusing } from '../faults.ts';
import { InboxKeeper } from '../inbox/keeper.ts';
import type { Membership } from '../membership.ts';
import type { Pool } from '../pool.ts';
import { exclusively } from './exclusively.ts';
import { rotateAndFlush } from './flush.ts';
import { BatchesInHand, indexNext } from './index-next.ts';
import { prune } from './prune.ts';
import { recount } from './recount.ts';
import { scan } from './scan.ts';
import { addSearchIndex, dropSearchIndex, searchIndices } from './search-indices.ts';
import { unindexed } from './unindexed.ts';

/** The ledger on the table `batches`. It has its own connections, so its slow work does not delay the store. */
export function mysqlLedger(pool: Pool, membership: Membership, partitions: number): Ledger {
  const inHand = new BatchesInHand();
  const inbox = new InboxKeeper(pool);
  return {
    indexNext: (documentsMax, apply) =>
      refusing(membership.indexing(() => indexNext(pool, inHand, membership.share(), documentsMax, apply))),
    unindexed: () => refusing(unindexed(pool)),
    rotateAndFlush: (partition) => refusing(rotateAndFlush(pool, partition)),
    advanceActivity: (partition) => refusing(inbox.advance(partition)),
    prune: (partition, limit, { ms, bytes }) =>
      refusing(prune(pool, partition, limit, { ms, bytes: bytes / partitions })),
    recount: (after, limit) => refusing(recount(pool, partitions, after, limit)),
    scan: (after, limit) => refusing(scan(pool, partitions, after, limit)),
    searchIndices: () => refusing(searchIndices(pool)),
    addSearchIndex: (name) => refusing(addSearchIndex(pool, name)),
    dropSearchIndex: (name) => refusing(dropSearchIndex(pool, name)),
    exclusively: (work) => refusing(exclusively(pool, work)),
  };
}
