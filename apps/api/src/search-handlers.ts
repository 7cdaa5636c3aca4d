import { bodyCheck, type Handlers, pageLimit, RequestProblem, SearchInput, wrongQuery } from '@parley/http';
import { Type } from 'typebox';
import { CheckedSearch } from './checked-search.ts';
import type { ApiParts } from './parts.ts';
import { settled } from './read-your-writes.ts';
import { decodeCursor, encodeCursor } from './search-cursor.ts';

interface Search {
  readonly token: string;
  readonly chat: number;
  readonly path: string;
  readonly query: { readonly [name: string]: string | undefined };
}

export function searchHandlers({
  store,
  events,
  index,
}: ApiParts): Handlers<'searchMessages' | 'searchMessagesByBody'> {
  const checked = new CheckedSearch(index, store);

  const search = async ({ token, chat, path, query }: Search, textOf: () => string) => {
    const limit = pageLimit(query);
    const text = textOf();
    const { hits, next } = await checked.page({ token, chat, query: text, limit, after: decodeCursor(query.cursor) });
    if (hits.length === 0) await settled({ events, store }, token, 'chat', () => store.chat(token, chat));
    const items = hits.map(({ number, content }) => ({ number, content }));
    if (next === undefined) return { items, link: undefined };
    const parameters = new URLSearchParams({ search_query: text, limit: String(limit), cursor: encodeCursor(next) });
    return { items, link: `<${path}?${parameters}>; rel="next"` };
  };

  return {
    searchMessages: async (asked) =>
      search(asked, () => textOfUrl(asked.query.search_query) ?? refuseNothing('search_query')),
    searchMessagesByBody: async (asked) =>
      search(asked, () => {
        const inUrl = textOfUrl(asked.query.search_query);
        return textOfEither(inUrl, asked.body.search_query) ?? refuseNothing('/search_query');
      }),
  };
}

/**
 * URL and body may both have the search text if it is the same: a client that follows a next link may send the first
 * page's body again. Throws a 422 if they differ.
 */
function textOfEither(inUrl: string | undefined, inBody: string | undefined): string | undefined {
  if (inUrl === undefined || inBody === undefined || inUrl === inBody) return inUrl ?? inBody;
  const errors = [{ path: '/search_query', message: 'must be the same as in the URL, where both have one' }];
  throw new RequestProblem(422, 'The URL and the body ask for different things.', errors);
}

function refuseNothing(path: string): never {
  const errors = [{ path, message: 'is required, in the URL or in a JSON body' }];
  throw new RequestProblem(422, 'There is nothing to search for.', errors);
}

const validate = bodyCheck(Type.Required(SearchInput));

/** Checks a search text in the URL by the rules for one in the body. Throws a 422 if it is wrong. */
function textOfUrl(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    return validate({ search_query: text }).search_query;
  } catch (error) {
    if (!(error instanceof RequestProblem)) throw error;
    throw wrongQuery((error.errors ?? []).map(({ path, message }) => ({ path: path.slice(1), message })));
  }
}
