/** A hit's position among all hits of a search, as an opaque text for the link to the next page. */
import { NUMBER_MAX, SEARCH_RANK, type SearchPosition, type SearchRequest } from '@parley/domain';
import { wrongQuery } from '@parley/http';

/** `rank.number` in a search of one chat; `rank.number.chat.createdAt` in a search of an application. */
const CURSOR = /^([0-9])\.([1-9][0-9]{0,9})(?:\.([1-9][0-9]{0,9})\.(0|[1-9][0-9]{0,15}))?$/;

/** `isWithinChat`: the search is of one chat, so the position needs neither the chat nor the time. */
export function encodeCursor({ rank, number, chat, createdAt }: SearchPosition, isWithinChat: boolean): string {
  const values = isWithinChat ? [rank, number] : [rank, number, chat, createdAt];
  return Buffer.from(values.join('.')).toString('base64url');
}

/** Reads a cursor; undefined without a text. Throws a 422 if it is not one of our cursors for such a search. */
export function decodeCursor(
  text: string | undefined,
  { chat, order }: Pick<SearchRequest, 'chat' | 'order'>,
): SearchPosition | undefined {
  if (text === undefined) return undefined;
  const [, rank, number, ownChat, createdAt] = CURSOR.exec(Buffer.from(text, 'base64url').toString()) ?? [];
  const position = {
    ...{ rank: Number(rank), number: Number(number) },
    ...{ chat: Number(ownChat ?? chat), createdAt: Number(createdAt ?? 0) },
  };
  const isOurs =
    position.rank <= (order === 'newest' ? 0 : SEARCH_RANK.parts) &&
    (ownChat === undefined) === (chat !== undefined) &&
    Math.max(position.number, position.chat) <= NUMBER_MAX &&
    Number.isSafeInteger(position.createdAt);
  if (!isOurs) throw wrongQuery([{ path: 'cursor', message: 'must come from a Link header' }]);
  return position;
}
