import { type Page, type PageRequest, pageOf, readingOrder } from '@parley/domain';

/**
 * One page by key: `upwards` reads ascending from a key on, `downwards` descending from below a key; both get one row
 * more than asked for, which tells whether there are more. A key that is not given is beyond all others.
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
