import { NUMBER_MAX, type SearchPosition } from '@parley/domain';
import { wrongQuery } from '@parley/http';

/** A position among a query's hits, as an opaque text for a URL. */
const CURSOR = /^([0-9])\.([1-9][0-9]{0,9})$/;

export function encodeCursor({ rank, number }: SearchPosition): string {
  return Buffer.from(`${rank}.${number}`).toString('base64url');
}

/** Throws a 422 if the text is not one of our cursors. */
export function decodeCursor(text: string | undefined): SearchPosition | undefined {
  if (text === undefined) return undefined;
  const [, rank, number] = CURSOR.exec(Buffer.from(text, 'base64url').toString()) ?? [];
  if (rank === undefined || Number(number) > NUMBER_MAX) {
    throw wrongQuery([{ path: 'cursor', message: 'must come from a Link header' }]);
  }
  return { rank: Number(rank), number: Number(number) };
}
