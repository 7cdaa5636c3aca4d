/** Reads what a search asks for, from the URL and a body. */
import { parseId, type SearchRequest } from '@parley/domain';
import { bodyCheck, givenTime, NO_ID, NO_TIME, RequestProblem, SearchInput, wrongQuery } from '@parley/http';
import { Type } from 'typebox';

/** The search's parameters as a body has them. */
export interface SearchTexts {
  readonly search_query?: string | undefined;
  readonly sender_id?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly order?: string | undefined;
  readonly highlights?: boolean | string | undefined;
}

const OPTIONS = ['sender_id', 'from', 'to', 'order', 'highlights'] as const;
type OptionName = (typeof OPTIONS)[number];

export interface Search {
  readonly text: string;
  readonly filters: Pick<SearchRequest, 'order' | 'senderId' | 'from' | 'to'>;
  readonly highlights: boolean;
  /** The options that were given, as they stand in a URL. */
  readonly given: Readonly<Partial<Record<OptionName, string>>>;
}

/**
 * URL and body may both have a parameter if it is the same: a client that follows a next link may send the first page's
 * body again. Throws a 422 if they differ, if a value is wrong, or if there is nothing to search for.
 */
export function readSearch(query: { readonly [name: string]: string | undefined }, body?: SearchTexts): Search {
  const inUrl = textOfUrl(query.search_query);
  const text = either('search_query', inUrl, body?.search_query);
  if (text === undefined) refuseNothing(body === undefined ? 'search_query' : '/search_query');
  const options = OPTIONS.flatMap((name) => {
    const inBody = body?.[name]?.toString();
    const value = either(name, query[name], inBody);
    return value === undefined ? [] : [{ name, value, path: query[name] === undefined ? `/${name}` : name }];
  });
  const errors = options.flatMap(({ name, value, path }) =>
    READ[name](value) === undefined ? [{ path, message: RULES[name] }] : [],
  );
  if (errors.length > 0) {
    if (errors.every(({ path }) => !path.startsWith('/'))) throw wrongQuery(errors);
    throw new RequestProblem(422, 'The request is not valid.', errors);
  }
  const given: Partial<Record<OptionName, string>> = Object.fromEntries(
    options.map(({ name, value }) => [name, value]),
  );
  const read = <Value>(name: OptionName, parse: (value: string) => Value | undefined) => {
    const value = given[name];
    return value === undefined ? undefined : parse(value);
  };
  return {
    text,
    filters: {
      order: read('order', parseOrder),
      senderId: read('sender_id', parseId),
      from: read('from', givenTime),
      to: read('to', givenTime),
    },
    highlights: read('highlights', parseBoolean) ?? false,
    given,
  };
}

const READ: Readonly<Record<OptionName, (value: string) => unknown>> = {
  ...{ sender_id: parseId, from: givenTime, to: givenTime, order: parseOrder, highlights: parseBoolean },
};
const RULES: Readonly<Record<OptionName, string>> = {
  sender_id: NO_ID,
  from: NO_TIME,
  to: NO_TIME,
  order: 'must be best or newest',
  highlights: 'must be true or false',
};

function parseOrder(text: string) {
  return text === 'best' || text === 'newest' ? text : undefined;
}

function parseBoolean(text: string): boolean | undefined {
  if (text === 'true') return true;
  return text === 'false' ? false : undefined;
}

function either(name: string, inUrl: string | undefined, inBody: string | undefined): string | undefined {
  if (inUrl === undefined || inBody === undefined || inUrl === inBody) return inUrl ?? inBody;
  const errors = [{ path: `/${name}`, message: 'must be the same as in the URL, where both have one' }];
  throw new RequestProblem(422, 'The URL and the body ask for different things.', errors);
}

function refuseNothing(path: string): never {
  const errors = [{ path, message: 'is required, in the URL or in a JSON body' }];
  throw new RequestProblem(422, 'There is nothing to search for.', errors);
}

const validate = bodyCheck(Type.Required(Type.Pick(SearchInput, ['search_query'])));

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
