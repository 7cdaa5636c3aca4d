export type { EnsuredIndex, IndexAdmin, KnownIndex } from './admin.ts';
export { IndexMissing, UnknownMapping, WrongElasticsearch } from './errors.ts';
export { type Elasticsearch, type ElasticsearchOptions, openElasticsearch } from './open.ts';
