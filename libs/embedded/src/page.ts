import type { Page, PageRequest } from '@parley/domain';

/**
 * One page by key: `forward` reads ascending from a key on, `backward` descending; both get one row more than asked
 * for, which tells whether there are more.
 */
export function readPage<Row, Key>(
  page: PageRequest<Key>,
  forward: (after: Key | undefined, limit: number) => Row[],
  backward: (before: Key, limit: number) => Row[],
): Page<Row> {
  const { limit, after, before } = page;
  const rows = before === undefined ? forward(after, limit + 1) : backward(before, limit + 1);
  const more = rows.length > limit;
  if (more) rows.pop();
  return { rows: before === undefined ? rows : rows.reverse(), more };
}
