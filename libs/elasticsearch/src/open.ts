import { Client, HttpConnection } from '@elastic/elasticsearch';
import type { RefusedDocument, SearchDocument, SearchIndex } from '@parley/domain';
import type { Logger } from '@parley/runtime';
import { IndexAdmin } from './admin.ts';
import { IndexMissing } from './errors.ts';
import { PageReader } from './search.ts';
import { BulkWriter } from './writer.ts';

export interface ElasticsearchOptions {
  /** Elasticsearch's address: http or https, with user and password if it needs them. */
  readonly url: string;
  /** The start of all names: indices `alias-000001` and so on, for searches `alias-v2`. Default `parley-messages`. */
  readonly alias?: string;
  /**
   * How soon searches see a written document if nothing refreshes the index. Default 5,000: the worker refreshes it
   * after its writes, so this only matters if that fails, or for a worker of an older version.
   */
  readonly refreshIntervalMs?: number;
  readonly shards?: number;
  /** Copies of each shard. Default: one if a second node can hold it, else none. */
  readonly replicas?: number;
  /** The limit for a search. Default 2,000. */
  readonly searchTimeoutMs?: number;
  /** The limit for writing documents, retries included. Default 30,000. */
  readonly indexTimeoutMs?: number;
  /** The limit for each request that creates, changes or lists indices. Default 30,000. */
  readonly adminTimeoutMs?: number;
  readonly logger?: Pick<Logger, 'warn'>;
}

export interface Elasticsearch {
  readonly search: SearchIndex;
  readonly admin: IndexAdmin;
  /**
   * Writes documents to all of these indices, in the layout of each: while a new index is being filled, changes go to
   * the old and the new one. An index keeps a newer version of a document. Resolves with the documents that some index
   * can never take. Rejects with IndexMissing or UnknownMapping if an index cannot be written to, or with Unavailable.
   * After a rejection some documents may have been written.
   */
  indexInto(indices: readonly string[], documents: readonly SearchDocument[]): Promise<readonly RefusedDocument[]>;
  close(): Promise<void>;
}

const DEFAULTS = {
  alias: 'parley-messages',
  refreshIntervalMs: 5_000,
  shards: 1,
  searchTimeoutMs: 2_000,
  indexTimeoutMs: 30_000,
  adminTimeoutMs: 30_000,
} as const;
const ALIAS = /^[a-z0-9][a-z0-9_-]{0,99}$/;

/** Returns the driver without connecting: Elasticsearch may be unreachable. Throws RangeError for an invalid option. */
export function openElasticsearch(given: ElasticsearchOptions): Elasticsearch {
  const options = { ...DEFAULTS, ...given };
  checkOptions(options);
  // The client's default connection class does not work under Bun.
  const client = new Client({ node: options.url, Connection: HttpConnection });
  const reader = new PageReader(client, { alias: options.alias, timeoutMs: options.searchTimeoutMs });
  const admin = new IndexAdmin(client, { ...options, timeoutMs: options.adminTimeoutMs });
  const writer = new BulkWriter(client, {
    timeoutMs: options.indexTimeoutMs,
    warn: (details, message) => options.logger?.warn(details, message),
  });
  const indexInto = async (indices: readonly string[], documents: readonly SearchDocument[]) => {
    try {
      const targets = await Promise.all(indices.map((name) => admin.target(name)));
      return await writer.write(documents, targets);
    } catch (error) {
      if (error instanceof IndexMissing) admin.forgetTargets();
      throw error;
    }
  };
  return {
    search: { search: (request) => reader.page(request) },
    admin,
    indexInto,
    close: () => client.close(),
  };
}

function checkOptions(options: Required<Omit<ElasticsearchOptions, 'replicas' | 'logger'>>): void {
  if (!/^https?:$/.test(URL.parse(options.url)?.protocol ?? ''))
    throw new RangeError('the URL of Elasticsearch must begin with http:// or https://');
  if (!ALIAS.test(options.alias))
    throw new RangeError(`an alias has small letters, digits, - and _ alone, not ${options.alias}`);
  for (const name of ['refreshIntervalMs', 'shards', 'searchTimeoutMs', 'indexTimeoutMs', 'adminTimeoutMs'] as const) {
    if (!Number.isInteger(options[name]) || options[name] <= 0)
      throw new RangeError(`${name} must be a whole number above zero, not ${options[name]}`);
  }
}
