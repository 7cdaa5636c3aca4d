import { PAGE_ROWS_READ_MAX, type Page, type PageRequest, pageOf, readingOrder } from '@parley/domain';
import type { Deletable } from './rows.ts';

/** The fewest rows that are read at once after the first rows were not enough. */
const MORE_ROWS_MIN = 200;

/** Reads rows of a list, deleted ones included, in the order of their keys. */
interface Reads<Row, Key> {
  /** Ascending, after a key or from the lowest. */
  upwards(after: Key | undefined, limit: number): Row[];
  /** Descending, before a key or from the highest. */
  downwards(before: Key | undefined, limit: number): Row[];
  keyOf(row: Row): Key;
}

/**
 * Reads one page of a list by key, without deleted rows. It reads one row more than the page, to see whether more
 * follow. If some are deleted it reads on, up to PAGE_ROWS_READ_MAX rows in all (one page at least).
 */
export function readPage<Row extends Deletable, Key>(page: PageRequest<Key>, reads: Reads<Row, Key>): Page<Row, Key> {
  const wanted = page.limit + 1;
  const isUpwards = readingOrder(page) === 'asc';
  const found: Row[] = [];
  let through = isUpwards ? page.after : page.before;
  let left = Math.max(PAGE_ROWS_READ_MAX, wanted);
  for (let next = wanted; left > 0; next = Math.max(next, MORE_ROWS_MIN)) {
    const limit = Math.min(next, left);
    const rows = isUpwards ? reads.upwards(through, limit) : reads.downwards(through, limit);
    for (const row of rows) if (row.deletedAt === null && found.length < wanted) found.push(row);
    const last = rows.at(-1);
    if (found.length === wanted || last === undefined || rows.length < limit) return whole(page, found);
    through = reads.keyOf(last);
    left -= rows.length;
  }
  return { ...whole(page, found), more: true, ...(through !== undefined && { through }) };
}

function whole<Row, Key>(page: PageRequest<Key>, found: readonly Row[]): Page<Row, Key> {
  const { rows, more } = pageOf(page, found);
  return { rows, more };
}
