import { ERRORS_MAX } from './field-errors.ts';
import { type FieldError, RequestProblem } from './problem.ts';

/**
 * The query of a URL, read from its raw text: what a framework makes of a repeated name or a broken escape differs from
 * one to the next, and here each is refused by name.
 */
export type QueryParameters = Readonly<Record<string, string | undefined>>;

const NONE: QueryParameters = {};

/**
 * The parameters of the request's query, of which there may be those of `known`, each once. Throws 422 that names what
 * else there is: with a parameter ignored, a client that pages by `page=2` would read the first page for ever.
 */
export function queryOf(request: Request, known: readonly string[]): QueryParameters {
  const { url } = request;
  const begin = url.indexOf('?', url.indexOf('/', SCHEME_CHARACTERS));
  return begin === -1 ? NONE : parse(url.slice(begin + 1), known);
}

/** `https://` is the longest of what is before a host. */
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

/** Undefined where an escape is broken or is not UTF-8. */
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
