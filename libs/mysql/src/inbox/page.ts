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
type InboxRow = Chat & Pick<RowOf<typeof activity>, 'at' | 'last_number'> & LastMessage;

/**
 * A page of the inbox. A row of `activity` may be two seconds old: chats that were deleted since are left out, and if
 * the last message was, the one before it is read.
 */
export function inbox(pool: Pool, key: ApplicationKey, limit: number, after?: InboxPosition): Promise<InboxPage> {
  return pool.useAgain(async (session) => {
    const found = await session.select<InboxRow>(inboxStatement(key, limit, after));
    const rows = found.slice(0, limit);
    const lost = rows
      .filter((row) => row.m_number === null && row.last_number > 0)
      .map(({ number, purged_through }) => ({ chat: number, hidden: purged_through }));
    const others = lost.length === 0 ? NONE : await lastOf(session, key, lost);
    const last = found.length > limit ? rows.at(-1) : undefined;
    return {
      rows: rows.map((row) => toInboxChat(row, others)),
      ...(last === undefined ? {} : { next: { at: last.at.getTime(), chat: last.number } }),
    };
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

export function inboxStatement(key: ApplicationKey, limit: number, after?: InboxPosition): string {
  const p = integer(key.partition);
  const token = bytes(key.token);
  const behind =
    after === undefined
      ? ''
      : `AND i.at <= ${time(after.at)} AND (i.at < ${time(after.at)} OR i.chat_number < ${integer(after.chat)})`;
  return `SELECT i.at, i.last_number, c.token, c.number, c.name, c.messages_count, c.created_at, c.updated_at,
      c.metadata, c.version, c.deleted_at, c.purged_through,
      (SELECT flushed FROM partitions WHERE partition_number = ${p}) AS counted_through,
      m.number AS m_number, m.content AS m_content, m.sender_id AS m_sender_id, m.metadata AS m_metadata,
      m.version AS m_version, m.created_at AS m_created_at, m.updated_at AS m_updated_at
    FROM activity AS i FORCE INDEX (activity_at)
    STRAIGHT_JOIN chats AS c FORCE INDEX (PRIMARY)
      ON c.partition_number = ${p} AND c.token = ${token} AND c.number = i.chat_number AND c.deleted_at IS NULL
    LEFT JOIN messages AS m FORCE INDEX (PRIMARY)
      ON m.partition_number = ${p} AND m.token = ${token} AND m.chat_number = i.chat_number
      AND m.number = i.last_number AND m.number > c.purged_through AND m.deleted_at IS NULL
    WHERE i.partition_number = ${p} AND i.token = ${token} ${behind}
      AND EXISTS (SELECT 1 FROM applications WHERE ${inApplication(key)} AND deleted_at IS NULL)
    ORDER BY i.at DESC, i.chat_number DESC LIMIT ${integer(limit + 1)}`;
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
