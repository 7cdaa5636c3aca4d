import { BODY_BYTES_MAX } from '@parley/domain';
import {
  bodySchema,
  chatParam,
  jsonBody,
  PATHS,
  pageLimit,
  type QueryParameters,
  RequestProblem,
  SearchBody,
  tokenParam,
} from '@parley/http';
import { Elysia } from 'elysia';
import { CheckedSearch } from './checked-search.ts';
import type { ApiParts } from './parts.ts';
import { settled } from './read-your-writes.ts';
import { decodeCursor, encodeCursor } from './search-cursor.ts';

interface Search {
  readonly params: { readonly token: string; readonly number: string };
  readonly query: QueryParameters;
  readonly path: string;
  readonly text: string;
}

export function searchRoutes({ store, log, index }: ApiParts) {
  const checked = new CheckedSearch(index, store);
  const search = async ({ params, query, path, text }: Search, set: { headers: Record<string, string | number> }) => {
    const token = tokenParam(params.token);
    const chat = chatParam(params.number);
    const limit = pageLimit(query);
    const page = await checked.page({ token, chat, query: text, limit, after: decodeCursor(query.cursor) });
    if (page.hits.length === 0) await settled(log, token, 'chat', () => store.chat(token, chat));
    if (page.next !== undefined) {
      const next = new URLSearchParams({ search_query: text, limit: String(limit), cursor: encodeCursor(page.next) });
      set.headers.link = `<${path}?${next}>; rel="next"`;
    }
    return page.hits.map(({ number, content }) => ({ number, content }));
  };

  return new Elysia({ name: 'parley-api-search' })
    .get(PATHS.search, ({ params, query, path, set }) => {
      return search({ params, query, path, text: queryText(query.search_query) }, set);
    })
    .post(
      PATHS.search,
      ({ params, query, path, set, body }) => search({ params, query, path, text: body.search_query }, set),
      {
        parse: jsonBody(BODY_BYTES_MAX),
        body: bodySchema(SearchBody),
      },
    );
}

const validate = bodySchema(SearchBody)['~standard'].validate;

/** The query of a URL, held to the same rules as the one of a body. */
function queryText(text: string | undefined): string {
  if (text === undefined) {
    const errors = [{ path: 'search_query', message: 'is required, in the URL or in a JSON body' }];
    throw new RequestProblem(422, 'There is nothing to search for.', errors);
  }
  try {
    return validate({ search_query: text }).value.search_query;
  } catch (error) {
    if (!(error instanceof RequestProblem)) throw error;
    const errors = error.errors?.map(({ path, message }) => ({ path: path.slice(1), message }));
    throw new RequestProblem(422, 'The query of the URL is not valid.', errors);
  }
}
