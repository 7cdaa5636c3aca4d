import type { ApplyDocuments, Ledger, MessagePosition, Recounted, SearchDocument, Sequence } from '@parley/domain';
import { refusalOf } from '../faults.ts';
import type { Pool } from '../pool.ts';
import { exclusively } from './exclusively.ts';
import { rotateAndFlush } from './flush.ts';
import { indexNext, waitingBatches } from './index-next.ts';
import { prune } from './prune.ts';
import { recount } from './recount.ts';
import { scan } from './scan.ts';
import { addSearchIndex, dropSearchIndex, searchIndices } from './search-indices.ts';

/** The ledger on the table `batches`. Has connections of its own: what is slow here does not hold up the store. */
export class MysqlLedger implements Ledger {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  indexNext(documentsMax: number, apply: ApplyDocuments): Promise<number> {
    return answer(indexNext(this.#pool, documentsMax, apply));
  }

  unindexed(): Promise<{ readonly batches: number; readonly oldestAt?: number }> {
    return answer(this.#unindexed());
  }

  rotateAndFlush(): Promise<{ readonly generation: number; readonly sequences: number } | undefined> {
    return answer(rotateAndFlush(this.#pool));
  }

  prune(limit: number): Promise<number> {
    return answer(prune(this.#pool, limit));
  }

  recount(after: Sequence | undefined, limit: number): Promise<Recounted> {
    return answer(recount(this.#pool, after, limit));
  }

  scan(after: MessagePosition | undefined, limit: number): Promise<readonly SearchDocument[]> {
    return answer(scan(this.#pool, after, limit));
  }

  searchIndices(): Promise<readonly string[]> {
    return answer(searchIndices(this.#pool));
  }

  addSearchIndex(name: string): Promise<void> {
    return answer(addSearchIndex(this.#pool, name));
  }

  dropSearchIndex(name: string): Promise<void> {
    return answer(dropSearchIndex(this.#pool, name));
  }

  exclusively(work: (held: () => Promise<void>) => Promise<void>): Promise<boolean> {
    return answer(exclusively(this.#pool, work));
  }

  async #unindexed(): Promise<{ batches: number; oldestAt?: number }> {
    return this.#pool.useAgain(async (session) => {
      const [count] = await session.select<{ batches: number }>(
        'SELECT COUNT(*) AS batches FROM batches FORCE INDEX (batches_indexed) WHERE indexed = 0',
      );
      const [oldest] = await session.select<{ created_at: Date }>(waitingBatches('created_at', 1));
      const batches = count?.batches ?? 0;
      return oldest === undefined ? { batches } : { batches, oldestAt: oldest.created_at.getTime() };
    });
  }
}

async function answer<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw refusalOf(error);
  }
}
