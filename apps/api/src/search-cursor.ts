import { NUMBER_MAX, type SearchPosition } from '@parley/domain';
import { wrongQuery } from '@parley/http';

/** A position in a query's answers as an opaque text in a URL. */
const CURSOR = /^([0-9])\.([1-9][0-9]{0,9})$/;

export function encodeCursor({ rank, number }: SearchPosition): string {
  return Buffer.from(`${rank}.${number}`).toString('base64url');
}

/** Throws 422 for a text that is none of ours. */
export function decodeCursor(text: string | undefined): SearchPosition | undefined {
  if (text === undefined) return undefined;
  const [, rank, number] = CURSOR.exec(Buffer.from(text, 'base64url').toString()) ?? [];
  if (rank === undefined || Number(number) > NUMBER_MAX) {
    throw wrongQuery([{ path: 'cursor', message: 'must come from a Link header' }]);
  }
  return { rank: Number(rank), number: Number(number) };
}
