import { Client, HttpConnection } from '@elastic/elasticsearch';
import type { RefusedDocument, SearchDocument, Token } from '@parley/domain';
import { type Elasticsearch, type ElasticsearchOptions, openElasticsearch } from '../open.ts';

/** The tests' Elasticsearch, from ELASTICSEARCH_URL. Throws if it is not set. */
export function serverUrl(): string {
  const url = process.env.ELASTICSEARCH_URL;
  if (url === undefined) throw new Error('ELASTICSEARCH_URL must name an Elasticsearch server for these tests');
  return url;
}

/** A client without Parley's code, to see what the server really has. */
export function rawClient(): Client {
  return new Client({ node: serverUrl(), Connection: HttpConnection });
}

export const CREATED_AT = 1_700_000_000_123;

export interface Own extends Elasticsearch {
  readonly alias: string;
  /** Writes documents to the index that searches read. */
  index(documents: readonly SearchDocument[]): Promise<readonly RefusedDocument[]>;
  /** Deletes the indices of this alias and closes the clients. */
  end(): Promise<void>;
}

export function openOwn(options: Partial<ElasticsearchOptions> = {}): Own {
  const alias = options.alias ?? `test-${crypto.randomUUID()}`;
  const opened = openElasticsearch({ url: serverUrl(), ...options, alias });
  const end = async () => {
    const raw = rawClient();
    const names = Object.keys(await raw.indices.get({ index: `${alias}*`, expand_wildcards: 'all' }));
    for (const index of names) await raw.indices.delete({ index });
    await Promise.all([raw.close(), opened.close()]);
  };
  const index = async (documents: readonly SearchDocument[]) => {
    const live = (await opened.admin.indices()).filter((known) => known.live && known.current);
    return opened.indexInto(
      live.map(({ name }) => name),
      documents,
    );
  };
  return { ...opened, alias, index, end };
}

export function documentOf(token: Token, number: number, content: string, version = 1, chat = 1): SearchDocument {
  return { token, chat, number, content, createdAt: CREATED_AT, version };
}

/** The numbers of the messages that a query finds, best first. */
export async function numbersOf(
  { search }: Pick<Own, 'search'>,
  token: Token,
  query: string,
  chat = 1,
): Promise<number[]> {
  const { hits } = await search.search({ token, chat, query, limit: 20 });
  return hits.map(({ number }) => number);
}

/** A pretended Elasticsearch with the test's answers. `product`: it sends the header by which clients recognize one. */
export function pretend(answer: (request: Request) => Response | Promise<Response>, product = true) {
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: async (request) => {
      const response = await answer(request);
      if (product) response.headers.set('x-elastic-product', 'Elasticsearch');
      return response;
    },
  });
  return { url: `http://127.0.0.1:${server.port}`, stop: () => server.stop(true) };
}

/** Creates an index with aliases as a program with version 1 of the mapping did. Returns its name. */
export async function createVersion1(raw: Client, alias: string): Promise<string> {
  const index = `${alias}-000001`;
  const tokens = (index_options: 'docs' | 'positions') =>
    ({ type: 'text', analyzer: 'whitespace', norms: false, index_options }) as const;
  await raw.indices.create({
    index,
    aliases: { [alias]: {}, [`${index}-write`]: {} },
    mappings: {
      dynamic: 'strict',
      _meta: { owner: 'parley', version: 1 },
      _routing: { required: true },
      _source: { excludes: ['pairs', 'characters'] },
      properties: {
        chat: { type: 'keyword' },
        number: { type: 'long', index: false },
        content: { type: 'text', index: false, norms: false },
        pairs: tokens('positions'),
        characters: tokens('docs'),
      },
    },
    settings: { number_of_shards: 1, number_of_replicas: 0, refresh_interval: '200ms' },
  });
  return index;
}
