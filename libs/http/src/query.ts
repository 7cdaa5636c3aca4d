/**
 * Parses the query of a URL from its raw text. Frameworks differ in what they make of a repeated name or a broken
 * escape. Here both are refused, with the parameter's name.
 */
import { ERRORS_MAX } from './field-errors.ts';
import { type FieldError, RequestProblem } from './problem.ts';

export type QueryParameters = Readonly<Record<string, string | undefined>>;

const NONE: QueryParameters = {};

/**
 * The query parameters of a request. Each name of `known` may occur once. Throws a 422 that names every wrong one. If
 * unknown names were ignored, a client that pages with `page=2` would read the first page for ever.
 */
export function queryOf(request: Request, known: readonly string[]): QueryParameters {
  const { url } = request;
  const begin = url.indexOf('?', url.indexOf('/', SCHEME_CHARACTERS));
  return begin === -1 ? NONE : parse(url.slice(begin + 1), known);
}

/** The length of `https://`, the longest text before a host. */
const SCHEME_CHARACTERS = 8;

function parse(text: string, known: readonly string[]): QueryParameters {
  const values = new Map<string, string>();
  const errors: FieldError[] = [];
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    if (errors.length === ERRORS_MAX) break;
    const middle = pair.includes('=') ? pair.indexOf('=') : pair.length;
    const name = decoded(pair.slice(0, middle));
    const value = decoded(pair.slice(middle + 1));
    if (name === undefined || !known.includes(name)) {
      errors.push({ path: name ?? pair.slice(0, middle), message: 'is not a known parameter' });
    } else if (value === undefined) errors.push({ path: name, message: 'must be percent-encoded UTF-8' });
    else if (values.has(name)) errors.push({ path: name, message: 'must be given once' });
    else values.set(name, value);
  }
  if (errors.length > 0) throw wrongQuery(errors);
  return Object.fromEntries(values);
}

/** A name or value of a query; undefined if an escape is broken or is not UTF-8. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

export function wrongQuery(errors: readonly FieldError[]): RequestProblem {
  return new RequestProblem(422, 'The query of the URL is not valid.', errors);
}
