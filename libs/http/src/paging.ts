import { PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX, type PageRequest, parseNumber, parseToken } from '@parley/domain';
import { type FieldError, RequestProblem } from './problem.ts';

/** Keyset paging in a URL: `limit`, and one of `after` and `before`, which are keys of the list; `Link` in the answer. */

const LIMIT = /^[1-9][0-9]{0,2}$/;

export type QueryParameters = Readonly<Record<string, string | undefined>>;

export function numberPage(query: QueryParameters): PageRequest<number> {
  return pageRequest(query, parseNumber, 'must be a number from 1 to 9999999999');
}

export function tokenPage(query: QueryParameters): PageRequest<string> {
  return pageRequest(query, parseToken, 'must be an application’s token');
}

/** The page's size: throws 422 where `limit` is not a whole number from 1 to 200. */
export function pageLimit(query: QueryParameters): number {
  const errors: FieldError[] = [];
  const limit = readLimit(query, errors);
  if (errors.length > 0) throw new RequestProblem(422, 'The query of the URL is not valid.', errors);
  return limit;
}

function pageRequest<Key>(
  query: QueryParameters,
  parse: (text: string) => Key | undefined,
  rule: string,
): PageRequest<Key> {
  const errors: FieldError[] = [];
  const limit = readLimit(query, errors);
  const read = (name: 'after' | 'before') => {
    const text = query[name];
    if (text === undefined) return undefined;
    const key = parse(text);
    if (key === undefined) errors.push({ path: name, message: rule });
    return key;
  };
  const after = read('after');
  const before = read('before');
  if (query.after !== undefined && query.before !== undefined) {
    errors.push({ path: 'before', message: 'must not be given together with after' });
  }
  if (errors.length > 0) throw new RequestProblem(422, 'The query of the URL is not valid.', errors);
  return { limit, ...(after !== undefined && { after }), ...(before !== undefined && { before }) };
}

function readLimit(query: QueryParameters, errors: FieldError[]): number {
  const text = query.limit;
  if (text === undefined) return PAGE_LIMIT_DEFAULT;
  if (LIMIT.test(text) && Number(text) <= PAGE_LIMIT_MAX) return Number(text);
  errors.push({ path: 'limit', message: `must be a whole number from 1 to ${PAGE_LIMIT_MAX}` });
  return PAGE_LIMIT_DEFAULT;
}

/**
 * The `Link` header of a page, or undefined where it is the whole list. The addresses are relative to the host.
 * A page that starts after a key has a page before it; one that ends before a key has a page after it.
 */
export function pageLinks<Key extends string | number>(
  path: string,
  page: PageRequest<Key>,
  keys: { readonly first: Key | undefined; readonly last: Key | undefined; readonly more: boolean },
): string | undefined {
  const forward = page.before === undefined;
  const links: string[] = [];
  const link = (rel: string, name: string, key: Key) =>
    links.push(`<${path}?limit=${page.limit}&${name}=${key}>; rel="${rel}"`);
  const hasNext = forward ? keys.more : keys.last !== undefined;
  const hasPrevious = forward ? page.after !== undefined && keys.first !== undefined : keys.more;
  if (hasNext && keys.last !== undefined) link('next', 'after', keys.last);
  if (hasPrevious && keys.first !== undefined) link('prev', 'before', keys.first);
  return links.length > 0 ? links.join(', ') : undefined;
}
