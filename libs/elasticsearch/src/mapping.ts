/** The mapping of a search index. It needs only Elasticsearch's core: no plugin and no analysis module. */
import type { estypes } from '@elastic/elasticsearch';

/** Change it with the mapping or with folding (normalizing texts): the worker then builds an index beside the old. */
export const MAPPING_VERSION = 2;
const OWNER = 'parley';

export interface IndexSettings {
  readonly shards: number;
  /** Copies of each shard. Undefined: one if there is a second node, else none. */
  readonly replicas?: number | undefined;
  readonly refreshIntervalMs: number;
}

/** What Parley records about an index, in its mapping's `_meta`. */
export interface IndexNotes {
  /** Only while the index is being filled: where to continue, in the form that the worker chose. */
  readonly filled?: unknown;
  /** When searches began to read this index: milliseconds since 1970. */
  readonly liveSince?: number;
}

/** A field of tokens that Parley makes. Ranks come from queries, so Elasticsearch keeps no lengths of texts. */
const tokens = (options: 'docs' | 'positions') =>
  ({ type: 'text', analyzer: 'whitespace', norms: false, index_options: options }) as const;

/** No source (copy of a document) is kept: contents are read from the store. */
const mappings: estypes.MappingTypeMapping = {
  dynamic: 'strict',
  _routing: { required: true },
  _source: { enabled: false },
  properties: {
    /** `token:chat`: one term selects a chat. `_routing` is the token: one term of it selects the whole application. */
    chat: { type: 'keyword', doc_values: false },
    number: { type: 'long', index: false },
    /** When the message was created: milliseconds since 1970. */
    at: { type: 'long', index: false },
    sender: { type: 'keyword', doc_values: false },
    text: tokens('positions'),
    set: tokens('docs'),
  },
};

export function indexBody({ shards, replicas, refreshIntervalMs }: IndexSettings) {
  return {
    mappings: { ...mappings, _meta: metaOf({}) },
    settings: {
      number_of_shards: shards,
      ...(replicas === undefined ? { auto_expand_replicas: '0-1' } : { number_of_replicas: replicas }),
      ...changeable({ refreshIntervalMs }),
    },
  } satisfies Omit<estypes.IndicesCreateRequest, 'index'>;
}

/** The settings that an existing index can be given. */
export function changeable({ refreshIntervalMs }: Pick<IndexSettings, 'refreshIntervalMs'>) {
  return { refresh_interval: `${refreshIntervalMs}ms` as const };
}

export function metaOf(notes: IndexNotes): Record<string, unknown> {
  return { owner: OWNER, version: MAPPING_VERSION, ...notes };
}

/** The version and the notes in an index's mapping; undefined if Parley did not create the index. */
export function readMeta(
  mapping: estypes.MappingTypeMapping | undefined,
): { readonly version: number; readonly notes: IndexNotes } | undefined {
  const { owner, version, ...notes } = mapping?._meta ?? {};
  return owner === OWNER && typeof version === 'number' ? { version, notes } : undefined;
}
