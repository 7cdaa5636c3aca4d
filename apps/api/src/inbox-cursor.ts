/** A place in the inbox, as an opaque text for the link to the next page. */
import { type InboxPosition, parseNumber } from '@parley/domain';
import { wrongQuery } from '@parley/http';

const CURSOR = /^(0|[1-9][0-9]{0,14})\.([0-9]+)$/;
/** The last time that every store can compare with: the end of the year 9999. */
const LAST_TIME = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

export function encodeInboxCursor({ at, chat }: InboxPosition): string {
  return Buffer.from(`${at}.${chat}`).toString('base64url');
}

/** Reads a cursor; undefined without a text. Throws a 422 if it is not one of our cursors. */
export function decodeInboxCursor(text: string | undefined): InboxPosition | undefined {
  if (text === undefined) return undefined;
  const [, at, number = ''] = CURSOR.exec(Buffer.from(text, 'base64url').toString()) ?? [];
  const chat = parseNumber(number);
  if (at === undefined || Number(at) > LAST_TIME || chat === undefined) {
    throw wrongQuery([{ path: 'cursor', message: 'must come from a Link header' }]);
  }
  return { at: Number(at), chat };
}
