/**
 * Pages of a list by key: the URL has `limit`, `order`, and `after` or `before` with a key. The answer has a `Link`
 * header.
 */
import {
  NUMBER_MAX,
  type Order,
  PAGE_LIMIT_DEFAULT,
  PAGE_LIMIT_MAX,
  type Page,
  type PageRequest,
  parseId,
  parseNumber,
  parseToken,
  readingOrder,
  type Token,
} from '@parley/domain';
import { NO_ID } from './field-errors.ts';
import type { FieldError } from './problem.ts';
import { type QueryParameters, wrongQuery } from './query.ts';

const LIMIT = /^[1-9][0-9]{0,2}$/;

/** How `after` or `before`, where a page begins, is read. `rule` is the message for a text that `parse` refuses. */
interface Bound<Key> {
  readonly parse: (text: string) => Key | undefined;
  readonly rule: string;
}

interface Keys<Key> {
  readonly after: Bound<Key>;
  readonly before: Bound<Key>;
  /** No key is lower: a page after this one is the first page. */
  readonly lowest: Key;
  /**
   * For the link from an empty page: a key one higher, so that the page `before` it includes `key`. `justBelow` is for
   * `after`.
   */
  readonly justAbove: (key: Key) => Key;
  readonly justBelow: (key: Key) => Key;
}

const NUMBERS: Keys<number> = {
  after: {
    parse: (text) => (text === '0' ? 0 : parseNumber(text)),
    rule: `must be a number from 0 to ${NUMBER_MAX}`,
  },
  before: { parse: parseNumber, rule: `must be a number from 1 to ${NUMBER_MAX}` },
  lowest: 0,
  justAbove: (number) => Math.min(number + 1, NUMBER_MAX),
  justBelow: (number) => number - 1,
};

const TOKEN: Bound<Token> = { parse: parseToken, rule: 'must be an application’s token' };
const LOWEST_TOKEN: Token = '00000000-0000-4000-8000-000000000000';
const HIGHEST_TOKEN: Token = 'ffffffff-ffff-4fff-bfff-ffffffffffff';
/**
 * There is no next token, but beyond an empty page there is no item either. So its link begins at the highest or lowest
 * token.
 */
const TOKENS: Keys<Token> = {
  after: TOKEN,
  before: TOKEN,
  lowest: LOWEST_TOKEN,
  justAbove: () => HIGHEST_TOKEN,
  justBelow: () => LOWEST_TOKEN,
};

/** The page of chats or messages that a query asks for. Throws a 422 that names each wrong parameter. */
export function numberPage(query: QueryParameters, orders = ORDERS): PageRequest<number> {
  return pageRequest(query, NUMBERS, orders);
}

/** The page of applications that a query asks for. Throws a 422 that names each wrong parameter. */
export function tokenPage(query: QueryParameters): PageRequest<Token> {
  return pageRequest(query, TOKENS);
}

/** The most items of a page, 50 by default. Throws a 422 if `limit` is not a whole number from 1 to 200. */
export function pageLimit(query: QueryParameters): number {
  const errors: FieldError[] = [];
  const limit = readLimit(query, errors);
  if (errors.length > 0) throw wrongQuery(errors);
  return limit;
}

/** The values of `order`, as the message about a wrong one lists them. */
const ORDERS = 'asc or desc';

function pageRequest<Key>(query: QueryParameters, keys: Keys<Key>, orders = ORDERS): PageRequest<Key> {
  const errors: FieldError[] = [];
  const limit = readLimit(query, errors);
  const read = (name: 'after' | 'before') => {
    const text = query[name];
    if (text === undefined) return undefined;
    const key = keys[name].parse(text);
    if (key === undefined) errors.push({ path: name, message: keys[name].rule });
    return key;
  };
  const after = read('after');
  const before = read('before');
  if (query.after !== undefined && query.before !== undefined) {
    errors.push({ path: 'before', message: 'must not be given together with after' });
  }
  const order = readOrder(query, orders, errors);
  if (errors.length > 0) throw wrongQuery(errors);
  return { limit, order, ...(after !== undefined && { after }), ...(before !== undefined && { before }) };
}

function readLimit(query: QueryParameters, errors: FieldError[]): number {
  const text = query.limit;
  if (text === undefined) return PAGE_LIMIT_DEFAULT;
  if (LIMIT.test(text) && Number(text) <= PAGE_LIMIT_MAX) return Number(text);
  errors.push({ path: 'limit', message: `must be a whole number from 1 to ${PAGE_LIMIT_MAX}` });
  return PAGE_LIMIT_DEFAULT;
}

function readOrder({ order = 'asc' }: QueryParameters, orders: string, errors: FieldError[]): Order {
  if (order === 'asc' || order === 'desc') return order;
  errors.push({ path: 'order', message: `must be ${orders}` });
  return 'asc';
}

/** The `Link` header for a page of chats or messages. `kept`: parameters that every page has, for the end of its query. */
export function numberLinks(
  path: string,
  request: PageRequest<number>,
  page: Page<{ readonly number: number }>,
  kept = '',
) {
  const shown = page.rows.map(({ number }) => number);
  return pageLinks(path, request, besideOf(request, NUMBERS, shown, page as Page<unknown, number>), kept);
}

/** The `Link` header for a page of applications. */
export function tokenLinks(path: string, request: PageRequest<Token>, page: Page<{ readonly token: Token }>) {
  const shown = page.rows.map(({ token }) => token);
  return pageLinks(path, request, besideOf(request, TOKENS, shown, page as Page<unknown, Token>));
}

/** The page of users that a query asks for. Throws a 422 that names each wrong parameter. */
export function userPage({ limit: limitText, after }: QueryParameters): PageRequest<string> {
  const errors: FieldError[] = [];
  const limit = readLimit({ limit: limitText }, errors);
  if (after !== undefined && parseId(after) === undefined) errors.push({ path: 'after', message: NO_ID });
  if (errors.length > 0) throw wrongQuery(errors);
  return { limit, ...(after !== undefined && { after }) };
}

/** The `Link` header for a page of users, which leads to the next page only. */
export function userLinks(
  path: string,
  { limit }: PageRequest<string>,
  page: Page<{ readonly userId: string }, string>,
) {
  const last = page.through ?? page.rows.at(-1)?.userId;
  if (!page.more || last === undefined) return undefined;
  return `<${path}?limit=${limit}&after=${encodeURIComponent(last)}>; rel="next"`;
}

/** The pages next to a page: higher keys come `after` a key, lower ones `before` a key. Undefined if there is none. */
interface Beside<Key> {
  readonly after?: Key | undefined;
  readonly before?: Key | undefined;
}

/**
 * The pages next to one that shows the keys `shown`. A page that was asked for `after` a key has lower keys next to it;
 * one `before` a key has higher ones. `more` tells whether the other side has any: it begins after the last row that was
 * read, which may be a deleted one (`through`). From an empty page one link leads back.
 */
function besideOf<Key>(
  request: PageRequest<Key>,
  keys: Keys<Key>,
  shown: readonly Key[],
  { more, through }: Pick<Page<unknown, Key>, 'more' | 'through'>,
): Beside<Key> {
  const { after, before, order } = request;
  const hasStart = after !== undefined && after !== keys.lowest;
  const isUpwards = readingOrder(request) === 'asc';
  const readTo = more ? through : undefined;
  if (shown.length === 0) {
    if (isUpwards) return { after: readTo, before: hasStart ? keys.justAbove(after) : undefined };
    return { before: readTo, after: before === undefined ? undefined : keys.justBelow(before) };
  }
  const [lowest, highest] = order === 'desc' ? [shown.at(-1), shown.at(0)] : [shown.at(0), shown.at(-1)];
  return {
    after: (isUpwards ? more : before !== undefined) ? ((isUpwards ? readTo : undefined) ?? highest) : undefined,
    before: (isUpwards ? hasStart : more) ? ((isUpwards ? undefined : readTo) ?? lowest) : undefined,
  };
}

/** The `Link` header, with addresses relative to the host; undefined if no page is next to this one. */
function pageLinks<Key extends string | number>(
  path: string,
  { limit, order }: PageRequest<Key>,
  { after, before }: Beside<Key>,
  kept = '',
): string | undefined {
  const isFalling = order === 'desc';
  const link = (rel: string, name: string, key: Key | undefined) =>
    key === undefined
      ? []
      : [`<${path}?limit=${limit}&${name}=${key}${isFalling ? '&order=desc' : ''}${kept}>; rel="${rel}"`];
  const links = isFalling
    ? [...link('next', 'before', before), ...link('prev', 'after', after)]
    : [...link('next', 'after', after), ...link('prev', 'before', before)];
  return links.length > 0 ? links.join(', ') : undefined;
}
