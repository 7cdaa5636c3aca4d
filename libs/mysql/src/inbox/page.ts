import type { InboxChat, InboxPage, InboxPosition, Message } from '@parley/domain';
import { bytes, integer, time } from '../literals.ts';
import type { Pool } from '../pool.ts';
import { type MessagePageRow, toChat, toMessage } from '../read/rows.ts';
import { type ApplicationKey, inApplication, inChat } from '../read/statements.ts';
import type { activity, chats, messages, RowOf } from '../schema.ts';
import type { Session } from '../session.ts';

type Chat = Pick<
  RowOf<typeof chats>,
  'token' | 'number' | 'name' | 'messages_count' | 'created_at' | 'updated_at' | 'version' | 'purged_through'
> & { readonly metadata: string | null; readonly deleted_at: Date | null; readonly counted_through: number };
type LastMessage =
  | {
      readonly m_number: number;
      readonly m_content: string;
      readonly m_sender_id: string | null;
      readonly m_metadata: string | null;
      readonly m_version: number;
      readonly m_created_at: Date;
      readonly m_updated_at: Date;
    }
  | { readonly m_number: null };
type InboxRow = Chat & Pick<RowOf<typeof activity>, 'last_number'> & LastMessage;

export type PlaceRow = Pick<RowOf<typeof activity>, 'chat_number' | 'last_number' | 'at'>;

/**
 * A page of the inbox. A row of `activity` may be two seconds old: chats that were deleted since are left out, so the
 * page may be shorter; if the last message was deleted, the one before it is read.
 */
export function inbox(pool: Pool, key: ApplicationKey, limit: number, after?: InboxPosition): Promise<InboxPage> {
  return pool.useAgain(async (session) => {
    const found = await session.select<PlaceRow>(placesStatement(key, limit, after));
    const places = found.slice(0, limit);
    if (places.length === 0) return { rows: [] };
    const chats = await session.select<InboxRow>(inboxStatement(key, places));
    const lost = chats
      .filter((row) => row.m_number === null && row.last_number > 0)
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

const NONE: ReadonlyMap<number, Message> = new Map();

function toInboxChat(row: InboxRow, others: ReadonlyMap<number, Message>): InboxChat {
  const lastMessage = row.m_number === null ? others.get(row.number) : toMessage(ownMessage(row));
  return { ...toChat(row), ...(lastMessage === undefined ? {} : { lastMessage }) };
}

/** The row of the message, from the columns of the joined row. */
function ownMessage(row: LastMessage & { readonly m_number: number }) {
  return {
    number: row.m_number,
    content: row.m_content,
    sender_id: row.m_sender_id,
    metadata: row.m_metadata,
    version: row.m_version,
    deleted_at: null,
    created_at: row.m_created_at,
    updated_at: row.m_updated_at,
  };
}

/** The last messages of these chats, by the chats' numbers. */
async function lastOf(
  session: Session,
  key: ApplicationKey,
  places: readonly LostPlace[],
): Promise<ReadonlyMap<number, Message>> {
  type Row = Pick<RowOf<typeof messages>, 'chat_number'> & MessagePageRow;
  const rows = await session.select<Row>(lastStatement(key, places));
  return new Map(rows.map((row) => [row.chat_number, toMessage(row)] as const));
}

/** After every time in the table. */
const END: InboxPosition = { at: Date.UTC(9999, 11, 31), chat: 0 };

/**
 * The chats of the page. A statement of its own, with an upper bound: in a join, or without the bound, MySQL reads up to
 * 2,000 rows in advance, which took ten times as long.
 */
export function placesStatement(key: ApplicationKey, limit: number, { at, chat }: InboxPosition = END): string {
  return `SELECT chat_number, last_number, at FROM activity FORCE INDEX (activity_at)
    WHERE ${inApplication(key)} AND at <= ${time(at)} AND (at < ${time(at)} OR chat_number < ${integer(chat)})
    ORDER BY at DESC, chat_number DESC LIMIT ${integer(limit + 1)}`;
}

/** Those of the chats that exist, with their last messages. */
export function inboxStatement(key: ApplicationKey, places: readonly PlaceRow[]): string {
  const p = integer(key.partition);
  const token = bytes(key.token);
  const rows = places.map(({ chat_number, last_number }) => `ROW(${integer(chat_number)}, ${integer(last_number)})`);
  return `SELECT i.last_number, c.token, c.number, c.name, c.messages_count, c.created_at, c.updated_at,
      c.metadata, c.version, c.deleted_at, c.purged_through,
      (SELECT flushed FROM partitions WHERE partition_number = ${p}) AS counted_through,
      m.number AS m_number, m.content AS m_content, m.sender_id AS m_sender_id, m.metadata AS m_metadata,
      m.version AS m_version, m.created_at AS m_created_at, m.updated_at AS m_updated_at
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
    ({
      chat,
      hidden,
    }) => `(SELECT chat_number, number, content, sender_id, metadata, version, created_at, updated_at, deleted_at
      FROM messages FORCE INDEX (PRIMARY) WHERE ${inChat({ ...key, chat })}
      AND number > ${integer(hidden)} AND deleted_at IS NULL ORDER BY number DESC LIMIT 1)`,
  );
  return parts.join(' UNION ALL ');
}
