import type { estypes } from '@elastic/elasticsearch';

/**
 * How messages lie in an index. Everything is built into Elasticsearch's core: no plugin and no analysis module is
 * needed. Change MAPPING_VERSION with every change here, and with every change of how texts are folded: the worker then
 * builds a new index beside the old one.
 */
export const MAPPING_VERSION = 2;
const OWNER = 'parley';

export interface IndexSettings {
  readonly shards: number;
  /** Copies of each shard; undefined means one where there is a second node, and none otherwise. */
  readonly replicas?: number | undefined;
  readonly refreshIntervalMs: number;
}

/** What an index tells of itself, in its mapping's `_meta`. */
export interface IndexNotes {
  /** While it is filled: where to go on, as the filler understands it. */
  readonly filled?: unknown;
  /** Since when searches read it: milliseconds since 1970. */
  readonly liveSince?: number;
}

/** Tokens that we made ourselves. Ranks come from queries, so no lengths are kept. */
const tokens = (options: 'docs' | 'positions') =>
  ({ type: 'text', analyzer: 'whitespace', norms: false, index_options: options }) as const;

/** Contents are read from the store, so no source is kept. */
const mappings: estypes.MappingTypeMapping = {
  dynamic: 'strict',
  _routing: { required: true },
  _source: { enabled: false },
  properties: {
    /** `token:chat`, so that one term keeps chats apart. The whole application is one term of `_routing`. */
    chat: { type: 'keyword', doc_values: false },
    number: { type: 'long', index: false },
    /** When it was created: milliseconds since 1970. */
    at: { type: 'long', index: false },
    sender: { type: 'keyword', doc_values: false },
    text: tokens('positions'),
    set: tokens('docs'),
  },
};

/** The body that creates an index. */
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

/** The version of our mapping that an index has, and its notes; undefined where the index is not ours. */
export function readMeta(
  mapping: estypes.MappingTypeMapping | undefined,
): { readonly version: number; readonly notes: IndexNotes } | undefined {
  const { owner, version, ...notes } = mapping?._meta ?? {};
  return owner === OWNER && typeof version === 'number' ? { version, notes } : undefined;
}
