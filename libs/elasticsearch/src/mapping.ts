import type { estypes } from '@elastic/elasticsearch';

/**
 * The mapping of a search index. It needs only Elasticsearch's core: no plugin and no analysis module. Change
 * MAPPING_VERSION with every change here and with every change of folding: the worker then builds a new index beside
 * the old one.
 */
export const MAPPING_VERSION = 2;
const OWNER = 'parley';

export interface IndexSettings {
  readonly shards: number;
  /** Copies of each shard. Undefined: one if there is a second node, else none. */
  readonly replicas?: number | undefined;
  readonly refreshIntervalMs: number;
}

/** What we record about an index, in its mapping's `_meta`. */
export interface IndexNotes {
  /** While the index is being filled: where to continue, in the filler's own form. */
  readonly filled?: unknown;
  /** Since when searches read it: milliseconds since 1970. */
  readonly liveSince?: number;
}

/** A field of tokens that we make ourselves. Ranks come from queries, so Elasticsearch keeps no lengths. */
const tokens = (options: 'docs' | 'positions') =>
  ({ type: 'text', analyzer: 'whitespace', norms: false, index_options: options }) as const;

/** Contents are read from the store, so no source is kept. */
const mappings: estypes.MappingTypeMapping = {
  dynamic: 'strict',
  _routing: { required: true },
  _source: { enabled: false },
  properties: {
    /** `token:chat`: one term selects a chat. One term of `_routing` selects the whole application. */
    chat: { type: 'keyword', doc_values: false },
    number: { type: 'long', index: false },
    /** When the message was created: milliseconds since 1970. */
    at: { type: 'long', index: false },
    sender: { type: 'keyword', doc_values: false },
    text: tokens('positions'),
    set: tokens('docs'),
  },
};

/** The body of the request that creates an index. */
export function indexBody({ shards, replicas, refreshIntervalMs }: IndexSettings) {
  return {
    mappings: { ...mappings, _meta: metaOf({}) },
    settings: {
      number_of_shards: shards,
      ...(replicas === undefined ? { auto_expand_replicas: '0-1' } : { number_of_replicas: replicas }),
      refresh_interval: `${refreshIntervalMs}ms` as const,
    },
  } satisfies Omit<estypes.IndicesCreateRequest, 'index'>;
}

export function metaOf(notes: IndexNotes): Record<string, unknown> {
  return { owner: OWNER, version: MAPPING_VERSION, ...notes };
}

/** The version of our mapping in an index, and its notes; undefined if the index is not ours. */
export function readMeta(
  mapping: estypes.MappingTypeMapping | undefined,
): { readonly version: number; readonly notes: IndexNotes } | undefined {
  const { owner, version, ...notes } = mapping?._meta ?? {};
  return owner === OWNER && typeof version === 'number' ? { version, notes } : undefined;
}
