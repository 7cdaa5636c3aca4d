import { type Page, type PageRequest, pageOf, type ReadMark, readingOrder, UNREAD_COUNT_MAX } from '@parley/domain';
import { bytes, integer, text } from '../literals.ts';
import type { Pool } from '../pool.ts';
import { type ApplicationKey, type ChatKey, inApplication, inChat } from '../read/statements.ts';
import type { RowOf, reads } from '../schema.ts';

export type MarkRow = Pick<RowOf<typeof reads>, 'user_id' | 'message_number' | 'updated_at'>;

export function toMark({ user_id, message_number, updated_at }: MarkRow): ReadMark {
  return { userId: user_id, number: message_number, updatedAt: updated_at.getTime() };
}

export async function readMarks(pool: Pool, key: ChatKey, page: PageRequest<string>): Promise<Page<ReadMark, string>> {
  const found = await pool.useAgain((session) => session.select<MarkRow>(marksStatement(key, page)));
  const { rows, more } = pageOf(page, found);
  return { rows: rows.map(toMark), more };
}

export function marksStatement(key: ChatKey, page: PageRequest<string>): string {
  const ascending = readingOrder(page) === 'asc';
  const bound = ascending ? page.after : page.before;
  const beyond = bound === undefined ? '' : `AND user_id ${ascending ? '>' : '<'} ${text(bound)}`;
  return `SELECT user_id, message_number, updated_at FROM \`reads\` FORCE INDEX (PRIMARY)
    WHERE ${inChat(key)} ${beyond} AND ${chatLives(key)}
    ORDER BY user_id ${ascending ? '' : 'DESC'} LIMIT ${integer(page.limit + 1)}`;
}

/** Neither the chat nor its application is deleted. */
function chatLives(key: ChatKey): string {
  return `EXISTS (SELECT 1 FROM chats WHERE ${inApplication(key)} AND number = ${integer(key.chat)} AND deleted_at IS NULL)
    AND ${applicationLives(key)}`;
}

function applicationLives(key: ApplicationKey): string {
  return `EXISTS (SELECT 1 FROM applications WHERE ${inApplication(key)} AND deleted_at IS NULL)`;
}

/** For each of the chats, how many messages of others the user has not read. */
export function unread(
  pool: Pool,
  key: ApplicationKey,
  userId: string,
  chats: readonly number[],
): Promise<readonly number[]> {
  if (chats.length === 0) return Promise.resolve([]);
  return pool.useAgain(async (session) => {
    const found = await session.select<{ chat: number; hidden: number; marked: number | null }>(
      readThroughStatement(key, userId, chats),
    );
    if (found.length === 0) return chats.map(() => 0);
    const places = found.map(({ chat, hidden, marked }) => ({ chat, through: Math.max(hidden, marked ?? 0) }));
    const rows = await session.select<{ chat: number; unread: number }>(unreadStatement(key, userId, places));
    const counts = new Map(rows.map((row) => [row.chat, row.unread] as const));
    return chats.map((chat) => counts.get(chat) ?? 0);
  });
}

export interface ReadPlace {
  readonly chat: number;
  /** The chat's messages up to this number are read or hidden. */
  readonly through: number;
}

/** How far the user has read those of the chats that exist. */
export function readThroughStatement(key: ApplicationKey, userId: string, chats: readonly number[]): string {
  const p = integer(key.partition);
  const token = bytes(key.token);
  return `SELECT c.number AS chat, c.purged_through AS hidden, r.message_number AS marked
    FROM chats AS c FORCE INDEX (PRIMARY)
    LEFT JOIN \`reads\` AS r FORCE INDEX (PRIMARY)
      ON r.partition_number = ${p} AND r.token = ${token} AND r.chat_number = c.number AND r.user_id = ${text(userId)}
    WHERE c.partition_number = ${p} AND c.token = ${token} AND c.number IN (${chats.map(integer).join()})
      AND c.deleted_at IS NULL AND ${applicationLives(key)}`;
}

/**
 * Counts no further than UNREAD_COUNT_MAX: then it does not matter how many follow. One part for each chat: in a join,
 * the condition on the number would not bound the search.
 */
export function unreadStatement(key: ApplicationKey, userId: string, places: readonly ReadPlace[]): string {
  const others = `deleted_at IS NULL AND (sender_id IS NULL OR sender_id <> ${text(userId)})`;
  const parts = places.map(
    ({ chat, through }) => `SELECT ${integer(chat)} AS chat, COUNT(*) AS unread
      FROM (SELECT 1 FROM messages FORCE INDEX (PRIMARY) WHERE ${inChat({ ...key, chat })}
        AND number > ${integer(through)} AND ${others} ORDER BY number LIMIT ${UNREAD_COUNT_MAX}) AS counted`,
  );
  return parts.join(' UNION ALL ');
}
