import { PAGE_ROWS_READ_MAX, type Page, type PageRequest, pageOf, readingOrder } from '@parley/domain';

/** How a page is read from rows of which some are deleted. */
export interface PageSource<Key, Row, Entity> {
  /** The next rows of the request in reading order, at most `rows`. */
  readonly read: (request: PageRequest<Key>, rows: number) => Promise<readonly Row[]>;
  readonly keyOf: (row: Row) => Key;
  readonly toEntity: (row: Row) => Entity;
}

/**
 * Reads one page without deleted rows. The first read has one row more than the limit, to see whether more rows follow.
 * Only if deleted rows make the page short, it reads on, each time twice as many rows, at most PAGE_ROWS_READ_MAX in
 * all.
 */
export async function readPage<Key, Row extends { readonly deleted_at: unknown }, Entity>(
  request: PageRequest<Key>,
  { read, keyOf, toEntity }: PageSource<Key, Row, Entity>,
): Promise<Page<Entity, Key>> {
  const living: Row[] = [];
  let left = PAGE_ROWS_READ_MAX;
  let rows = request.limit + 1;
  for (let next = request; ; rows = Math.min(rows * 2, left)) {
    const found = await read(next, rows);
    for (const row of found) if (row.deleted_at === null) living.push(row);
    const last = found.at(-1);
    left -= found.length;
    const complete = living.length > request.limit || found.length < rows;
    if (complete || last === undefined || left === 0) {
      const page = pageOf(request, living);
      const entities = { rows: page.rows.map(toEntity), more: page.more };
      return complete || last === undefined ? entities : { ...entities, more: true, through: keyOf(last) };
    }
    next = beyond(request, keyOf(last));
  }
}

/** The rest of a request whose rows were read up to `key`. */
function beyond<Key>({ limit, order, ...bounds }: PageRequest<Key>, key: Key): PageRequest<Key> {
  const request = { limit, ...(order === undefined ? {} : { order }) };
  return readingOrder({ ...request, ...bounds }) === 'asc' ? { ...request, after: key } : { ...request, before: key };
}
