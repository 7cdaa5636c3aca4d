/** A hit's position among all hits of a search, as an opaque text for the link to the next page. */
import { NUMBER_MAX, type SearchPosition } from '@parley/domain';
import { wrongQuery } from '@parley/http';

const CURSOR = /^([0-9])\.([1-9][0-9]{0,9})$/;

export function encodeCursor({ rank, number }: SearchPosition): string {
  return Buffer.from(`${rank}.${number}`).toString('base64url');
}

/** Reads a cursor; undefined without a text. Throws a 422 if it is not one of our cursors. */
export function decodeCursor(text: string | undefined): SearchPosition | undefined {
  if (text === undefined) return undefined;
  const [, rank, number] = CURSOR.exec(Buffer.from(text, 'base64url').toString()) ?? [];
  if (rank === undefined || Number(number) > NUMBER_MAX) {
    throw wrongQuery([{ path: 'cursor', message: 'must come from a Link header' }]);
  }
  return { rank: Number(rank), number: Number(number) };
}
