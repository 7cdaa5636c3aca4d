import { type Page, type PageRequest, pageOf, readingOrder } from '@parley/domain';

/**
 * Reads one page by key. `upwards` reads ascending after a key, `downwards` descending before a key; without a key they
 * start at the list's end. Both get one row more than the limit, which shows whether there are more.
 */
export function readPage<Row, Key>(
  page: PageRequest<Key>,
  upwards: (after: Key | undefined, limit: number) => Row[],
  downwards: (before: Key | undefined, limit: number) => Row[],
): Page<Row> {
  const { limit, after, before } = page;
  const found = readingOrder(page) === 'asc' ? upwards(after, limit + 1) : downwards(before, limit + 1);
  return pageOf(page, found);
}
