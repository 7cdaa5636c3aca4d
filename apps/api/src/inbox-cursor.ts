/** A place in the inbox, as an opaque text for the link to the next page. */
import { type InboxPosition, parseNumber } from '@parley/domain';
import { wrongQuery } from '@parley/http';

const CURSOR = /^([0-9]{1,15})\.([0-9]+)$/;

export function encodeInboxCursor({ at, chat }: InboxPosition): string {
  return Buffer.from(`${at}.${chat}`).toString('base64url');
}

/** Reads a cursor; undefined without a text. Throws a 422 if it is not one of our cursors. */
export function decodeInboxCursor(text: string | undefined): InboxPosition | undefined {
  if (text === undefined) return undefined;
  const [, at, number = ''] = CURSOR.exec(Buffer.from(text, 'base64url').toString()) ?? [];
  const chat = parseNumber(number);
  if (at === undefined || chat === undefined) {
    throw wrongQuery([{ path: 'cursor', message: 'must come from a Link header' }]);
  }
  return { at: Number(at), chat };
}
