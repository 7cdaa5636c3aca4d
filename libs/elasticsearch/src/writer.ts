import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Client } from '@elastic/elasticsearch';
import type { RefusedDocument, SearchDocument } from '@parley/domain';
import { backoffMs } from '@parley/runtime';
import { type BulkRequest, buildRequests, type Target } from './bulk-body.ts';
import { call } from './call.ts';
import { IndexMissing, isBusy, unavailable } from './errors.ts';
import { type Item, judge } from './verdict.ts';

/** Bulk requests at once: one is built while Elasticsearch stores another. */
const LANES = 2;
const BACKOFF = { firstMs: 50, maxMs: 2_000 };
/** A retry does not begin with less time than this before the deadline: it could only time out. */
const TRY_MS_MIN = 50;

interface Answer {
  readonly errors?: boolean;
  readonly items?: readonly { readonly index?: Item }[];
}

export interface WriterOptions {
  /** The limit for one call of `write`, retries included. */
  readonly timeoutMs: number;
  readonly warn: (details: object, message: string) => void;
}

/**
 * Writes documents in bulk through aliases. Only those that Elasticsearch was too busy to take are retried, with
 * backoff until the deadline.
 */
export class BulkWriter {
  readonly #client: Client;
  readonly #options: WriterOptions;

  constructor(client: Client, options: WriterOptions) {
    this.#client = client;
    this.#options = options;
  }

  /**
   * Returns the documents that are refused for good, once every target has all others. Rejects with IndexMissing if a
   * target is no alias of an index, else with another error of errors.ts. Then some documents may have been written;
   * all may be written again.
   */
  async write(documents: readonly SearchDocument[], targets: readonly Target[]): Promise<readonly RefusedDocument[]> {
    const deadline = performance.now() + this.#options.timeoutMs;
    const refused = new Map<SearchDocument, RefusedDocument>();
    const requests = buildRequests(documents, targets);
    const lane = async () => {
      for (const request of requests) {
        if (request === undefined) await nextTurn();
        else await this.#store(request, deadline, refused);
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    return [...refused.values()];
  }

  async #store(request: BulkRequest, deadline: number, refused: Map<SearchDocument, RefusedDocument>) {
    let left = request;
    for (let attempt = 0; ; attempt += 1) {
      const items = await this.#send(left, deadline);
      if (items === undefined) return;
      const again: (typeof left.writes)[number][] = [];
      for (const [position, write] of left.writes.entries()) {
        const verdict = judge(items[position]);
        if (verdict.kind === 'missing') throw new IndexMissing(write.target, verdict.reason);
        if (verdict.kind === 'failed') throw unavailable('The search index does not take documents.', verdict.reason);
        if (verdict.kind === 'later') again.push(write);
        if (verdict.kind === 'refused')
          refused.set(write.document, { document: write.document, reason: verdict.reason });
      }
      if (again.length === 0) return;
      await this.#backOff(attempt, deadline, again.length);
      left = left.only(again);
    }
  }

  /**
   * Returns the answers for the request's documents, in order; undefined if all succeeded. If Elasticsearch is too busy
   * for the whole request, all get status 429.
   */
  async #send(request: BulkRequest, deadline: number): Promise<readonly (Item | undefined)[] | undefined> {
    try {
      const answer = await this.#post(request, deadline);
      return answer.errors === false ? undefined : (answer.items ?? []).map(({ index }) => index);
    } catch (error) {
      if (isBusy(error)) return request.writes.map(() => ({ status: 429 }));
      throw error;
    }
  }

  #post({ writes, body }: BulkRequest, deadline: number): Promise<Answer> {
    const milliseconds = deadline - performance.now();
    return call({ index: writes[0]?.target ?? '', milliseconds }, (options) =>
      this.#client.transport.request<Answer>(
        {
          method: 'POST',
          path: '/_bulk',
          querystring: {
            // Without this, a write after the index was deleted would create an index with guessed field types.
            require_alias: true,
            timeout: `${Math.ceil(milliseconds)}ms`,
            filter_path: 'errors,items.index.status,items.index.error.type,items.index.error.reason',
          },
          bulkBody: body,
        },
        options,
      ),
    );
  }

  async #backOff(attempt: number, deadline: number, documents: number): Promise<void> {
    const wait = backoffMs(attempt, BACKOFF);
    if (performance.now() + wait + TRY_MS_MIN >= deadline) throw unavailable('The search index is overloaded.');
    this.#options.warn({ documents, attempt, waitMs: Math.round(wait) }, 'the search index is busy, trying again');
    await Bun.sleep(wait);
  }
}
