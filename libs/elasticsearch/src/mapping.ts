import type { estypes } from '@elastic/elasticsearch';

/**
 * How messages lie in an index. Everything is built into Elasticsearch's core: no plugin and no analysis module is
 * needed. Change MAPPING_VERSION with every change here: an index of another version has to be built anew.
 */
export const MAPPING_VERSION = 1;
const OWNER = 'parley';

export interface IndexSettings {
  readonly shards: number;
  /** Copies of each shard; undefined means one where there is a second node, and none otherwise. */
  readonly replicas?: number | undefined;
  readonly refreshIntervalMs: number;
}

/** Tokens that we made ourselves. Ranks come from queries, so no lengths are kept. */
const tokens = (options: 'docs' | 'positions') =>
  ({ type: 'text', analyzer: 'whitespace', norms: false, index_options: options }) as const;

const mappings: estypes.MappingTypeMapping = {
  dynamic: 'strict',
  _meta: { owner: OWNER, version: MAPPING_VERSION },
  _routing: { required: true },
  _source: { excludes: ['pairs', 'characters'] },
  properties: {
    /** `token:chat`, so that one term keeps chats apart. */
    chat: { type: 'keyword' },
    number: { type: 'long', index: false },
    content: { type: 'text', index: false, norms: false },
    pairs: tokens('positions'),
    characters: tokens('docs'),
  },
};

/** The body that creates an index. */
export function indexBody({ shards, replicas, refreshIntervalMs }: IndexSettings) {
  return {
    mappings,
    settings: {
      number_of_shards: shards,
      ...(replicas === undefined ? { auto_expand_replicas: '0-1' } : { number_of_replicas: replicas }),
      refresh_interval: `${refreshIntervalMs}ms` as const,
    },
  } satisfies Omit<estypes.IndicesCreateRequest, 'index'>;
}

/** The version of our mapping that an index has; undefined where the index is not ours. */
export function mappingVersion(mapping: estypes.MappingTypeMapping | undefined): unknown {
  const meta = mapping?._meta;
  return meta?.owner === OWNER ? meta.version : undefined;
}
