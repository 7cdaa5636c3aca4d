import { BODY_BYTES_MAX } from '@parley/domain';
import {
  bodySchema,
  chatParam,
  optionalJsonBody,
  PATHS,
  pageLimit,
  queryOf,
  RequestProblem,
  SearchBody,
  SearchQuery,
  tokenParam,
  wrongQuery,
} from '@parley/http';
import { Elysia } from 'elysia';
import { CheckedSearch } from './checked-search.ts';
import type { ApiParts } from './parts.ts';
import { settled } from './read-your-writes.ts';
import { decodeCursor, encodeCursor } from './search-cursor.ts';

interface Search {
  readonly request: Request;
  readonly params: { readonly token: string; readonly number: string };
  readonly path: string;
  /** The query of the body, where there is a body that has one. */
  readonly asked?: string | undefined;
  readonly set: { headers: Record<string, string | number> };
}

const PARAMETERS = ['search_query', 'limit', 'cursor'];

export function searchRoutes({ store, log, index }: ApiParts) {
  const checked = new CheckedSearch(index, store);
  const search = async ({ request, params, path, asked, set }: Search) => {
    const query = queryOf(request, PARAMETERS);
    const token = tokenParam(params.token);
    const chat = chatParam(params.number);
    const limit = pageLimit(query);
    const text = searchText(query.search_query, asked, request.method);
    const page = await checked.page({ token, chat, query: text, limit, after: decodeCursor(query.cursor) });
    if (page.hits.length === 0) await settled(log, token, 'chat', () => store.chat(token, chat));
    if (page.next !== undefined) {
      const next = new URLSearchParams({ search_query: text, limit: String(limit), cursor: encodeCursor(page.next) });
      set.headers.link = `<${path}?${next}>; rel="next"`;
    }
    return page.hits.map(({ number, content }) => ({ number, content }));
  };

  return new Elysia({ name: 'parley-api-search' })
    .get(PATHS.search, ({ request, params, path, set }) => search({ request, params, path, set }))
    .post(
      PATHS.search,
      ({ request, params, path, set, body }) => search({ request, params, path, set, asked: body.search_query }),
      { parse: searchBody, body: bodySchema(SearchBody) },
    );
}

const readBody = optionalJsonBody(BODY_BYTES_MAX);

/** Clients that search by GET send `null` where they have no body; it says as little as none. */
async function searchBody(context: { readonly request: Request }): Promise<unknown> {
  return (await readBody(context)) ?? {};
}

/**
 * What to look for. A GET with a body comes as a POST, so where the query is does not depend on the method: in the URL or
 * in the body, and where it is in both, it must be the same, as with the address of a next page.
 */
function searchText(inUrl: string | undefined, inBody: string | undefined, method: string): string {
  if (inUrl === undefined) return inBody ?? refuseNothing(method);
  const query = validQuery(inUrl);
  if (inBody === undefined || inBody === query) return query;
  const errors = [{ path: '/search_query', message: 'must be the same as in the URL, where both have one' }];
  throw new RequestProblem(422, 'The URL and the body ask for different things.', errors);
}

function refuseNothing(method: string): never {
  const path = method === 'POST' ? '/search_query' : 'search_query';
  const errors = [{ path, message: 'is required, in the URL or in a JSON body' }];
  throw new RequestProblem(422, 'There is nothing to search for.', errors);
}

const validate = bodySchema(SearchQuery)['~standard'].validate;

/** The query of a URL, held to the same rules as the one of a body. */
function validQuery(text: string): string {
  try {
    return validate({ search_query: text }).value.search_query;
  } catch (error) {
    if (!(error instanceof RequestProblem)) throw error;
    throw wrongQuery((error.errors ?? []).map(({ path, message }) => ({ path: path.slice(1), message })));
  }
}
