import type { InboxChat, InboxPage, InboxPosition, LastMessage } from '@parley/domain';
import { bytes, integer, time } from '../literals.ts';
import type { Pool } from '../pool.ts';
import { type ChatRow, toChat } from '../read/rows.ts';
import { type ApplicationKey, inApplication, inChat } from '../read/statements.ts';
import type { activity, chats, RowOf } from '../schema.ts';
import type { Session } from '../session.ts';

type InboxRow = Omit<ChatRow, 'token' | 'deleted_at'> &
  Pick<RowOf<typeof chats>, 'purged_through'> &
  (LastRow | { readonly last_number: null });

/** The last message's columns, under names of their own. */
interface LastRow {
  readonly last_number: number;
  readonly last_content: string;
  readonly last_sender_id: string | null;
  readonly last_created_at: Date;
}

export type PlaceRow = Pick<RowOf<typeof activity>, 'chat_number' | 'last_number' | 'at'>;

/**
 * A page of the inbox. A row of `activity` may be two seconds old: chats that were deleted since are left out, so the
 * page may be shorter; if the last message was deleted, the one before it is read.
 */
export async function inbox(
  pool: Pool,
  key: ApplicationKey,
  limit: number,
  after?: InboxPosition,
  only?: readonly number[],
): Promise<InboxPage> {
  if (only?.length === 0) return { rows: [] };
  const sql = only === undefined ? placesStatement(key, limit, after) : somePlacesStatement(key, only, limit, after);
  return pool.useAgain(async (session) => {
    const found = await session.select<PlaceRow>(sql);
    const places = found.slice(0, limit);
    if (places.length === 0) return { rows: [] };
    const chats = await session.select<InboxRow>(inboxStatement(key, places));
    const empty = new Set(places.filter(({ last_number }) => last_number === 0).map(({ chat_number }) => chat_number));
    const lost = chats
      .filter(({ number, last_number }) => last_number === null && !empty.has(number))
      .map(({ number, purged_through }) => ({ chat: number, hidden: purged_through }));
    const others = lost.length === 0 ? NONE : await lastOf(session, key, lost);
    const byNumber = new Map(chats.map((row) => [row.number, toInboxChat(row, others)] as const));
    const rows = places.flatMap(({ chat_number }) => byNumber.get(chat_number) ?? []);
    const last = found.length > limit ? places.at(-1) : undefined;
    return { rows, ...(last === undefined ? {} : { next: { at: last.at.getTime(), chat: last.chat_number } }) };
  });
}

interface LostPlace {
  readonly chat: number;
  /** The chat's messages up to this number are hidden. */
  readonly hidden: number;
}

const NONE: ReadonlyMap<number, LastMessage> = new Map();

function toInboxChat(row: InboxRow, others: ReadonlyMap<number, LastMessage>): InboxChat {
  const lastMessage = row.last_number === null ? others.get(row.number) : toLastMessage(row);
  return { ...toChat(row), ...(lastMessage === undefined ? {} : { lastMessage }) };
}

function toLastMessage(row: LastRow): LastMessage {
  return {
    number: row.last_number,
    content: row.last_content,
    ...(row.last_sender_id === null ? undefined : { senderId: row.last_sender_id }),
    createdAt: row.last_created_at.getTime(),
  };
}

/** The last messages of these chats, by the chats' numbers. */
async function lastOf(
  session: Session,
  key: ApplicationKey,
  places: readonly LostPlace[],
): Promise<ReadonlyMap<number, LastMessage>> {
  const rows = await session.select<LastRow & { readonly chat_number: number }>(lastStatement(key, places));
  return new Map(rows.map((row) => [row.chat_number, toLastMessage(row)] as const));
}

/** After every time in the table. */
const END: InboxPosition = { at: Date.UTC(9999, 11, 31), chat: 0 };

/**
 * The chats of the page. A statement of its own, with an upper bound: in a join, or without the bound, MySQL reads up to
 * 2,000 rows in advance, which took ten times as long.
 */
export function placesStatement(key: ApplicationKey, limit: number, after?: InboxPosition): string {
  return `SELECT chat_number, last_number, at FROM activity FORCE INDEX (activity_at)
    WHERE ${inApplication(key)} AND ${following(after)} LIMIT ${integer(limit + 1)}`;
}

/**
 * Those of some chats. By their keys, and sorted: in the order of time it would read all chats of the application to
 * find a few old ones.
 */
export function somePlacesStatement(
  key: ApplicationKey,
  only: readonly number[],
  limit: number,
  after?: InboxPosition,
): string {
  return `SELECT chat_number, last_number, at FROM activity FORCE INDEX (PRIMARY)
    WHERE ${inApplication(key)} AND chat_number IN (${only.map(integer).join()})
    AND ${following(after)} LIMIT ${integer(limit + 1)}`;
}

function following({ at, chat }: InboxPosition = END): string {
  return `at <= ${time(at)} AND (at < ${time(at)} OR chat_number < ${integer(chat)})
    ORDER BY at DESC, chat_number DESC`;
}

const LAST_COLUMNS = `m.number AS last_number, m.content AS last_content, m.sender_id AS last_sender_id,
  m.created_at AS last_created_at`;

/** Those of the chats that exist, with their last messages. */
export function inboxStatement(key: ApplicationKey, places: readonly PlaceRow[]): string {
  const p = integer(key.partition);
  const token = bytes(key.token);
  const rows = places.map(({ chat_number, last_number }) => `ROW(${integer(chat_number)}, ${integer(last_number)})`);
  return `SELECT c.number, c.name, c.messages_count, c.created_at, c.updated_at, c.metadata, c.version, c.purged_through,
      (SELECT flushed FROM partitions WHERE partition_number = ${p}) AS counted_through, ${LAST_COLUMNS}
    FROM (VALUES ${rows.join()}) AS i (chat_number, last_number)
    STRAIGHT_JOIN chats AS c FORCE INDEX (PRIMARY)
      ON c.partition_number = ${p} AND c.token = ${token} AND c.number = i.chat_number AND c.deleted_at IS NULL
    LEFT JOIN messages AS m FORCE INDEX (PRIMARY)
      ON m.partition_number = ${p} AND m.token = ${token} AND m.chat_number = i.chat_number
      AND m.number = i.last_number AND m.number > c.purged_through AND m.deleted_at IS NULL
    WHERE EXISTS (SELECT 1 FROM applications WHERE ${inApplication(key)} AND deleted_at IS NULL)`;
}

/** The last message of each of the chats. A condition on another table's column would not bound the search. */
export function lastStatement(key: ApplicationKey, places: readonly LostPlace[]): string {
  const parts = places.map(
    ({ chat, hidden }) => `(SELECT chat_number, ${LAST_COLUMNS}
      FROM messages AS m FORCE INDEX (PRIMARY) WHERE ${inChat({ ...key, chat })}
      AND number > ${integer(hidden)} AND deleted_at IS NULL ORDER BY number DESC LIMIT 1)`,
  );
  return parts.join(' UNION ALL ');
}
