import { type Page, type PageRequest, pageOf, readingOrder } from '@parley/domain';

/**
 * Reads one page of a list by key: `upwards` ascending after a key or from the lowest, `downwards` descending before a
 * key or from the highest. Both read one row more than the page, to see whether more follow.
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
