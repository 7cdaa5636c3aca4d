import { Client, HttpConnection } from '@elastic/elasticsearch';
import type { SearchDocument, Token } from '@parley/domain';
import { type Elasticsearch, type ElasticsearchOptions, openElasticsearch } from './open.ts';

/** The Elasticsearch that the tests use. */
export function serverUrl(): string {
  const url = process.env.ELASTICSEARCH_URL;
  if (url === undefined) throw new Error('ELASTICSEARCH_URL must name an Elasticsearch server for these tests');
  return url;
}

/** A client without our own code between, to look at what is really there. */
export function rawClient(): Client {
  return new Client({ node: serverUrl(), Connection: HttpConnection });
}

export interface Own extends Elasticsearch {
  readonly alias: string;
  /** Deletes the indices of this alias and closes. */
  end(): Promise<void>;
}

/** The driver under an alias of its own. */
export function openOwn(options: Partial<ElasticsearchOptions> = {}): Own {
  const alias = options.alias ?? `test-${crypto.randomUUID()}`;
  const opened = openElasticsearch({ url: serverUrl(), ...options, alias });
  const end = async () => {
    const raw = rawClient();
    const names = Object.keys(await raw.indices.get({ index: `${alias}*`, expand_wildcards: 'all' }));
    for (const index of names) await raw.indices.delete({ index });
    await Promise.all([raw.close(), opened.close()]);
  };
  return { ...opened, alias, end };
}

export function documentOf(token: Token, number: number, content: string, version = 1, chat = 1): SearchDocument {
  return { token, chat, number, content, version };
}

/** A server that speaks as Elasticsearch does, but answers what a test wants. */
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

/** What a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error('it did not reject');
    },
    (error: unknown) => error,
  );
}
