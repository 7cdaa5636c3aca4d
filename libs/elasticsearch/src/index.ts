export type { EnsuredIndex, IndexAdmin, KnownIndex } from './admin.ts';
export { IndexMissing, WrongElasticsearch, WrongMapping } from './errors.ts';
export { type Elasticsearch, type ElasticsearchOptions, openElasticsearch } from './open.ts';
