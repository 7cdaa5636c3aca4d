import type { Application, Chat, Message, PlacedMessage } from '@parley/domain';
import { tokenOf } from '../literals.ts';
import type { applications, chats, messages, RowOf } from '../schema.ts';
import { type LimitsValue, toLimits } from './limits.ts';

/** The rows that the statements of statements.ts return, and their conversion to entities. */

type Times = 'created_at' | 'updated_at';
/** Columns that every entity has. */
type Common = Times | 'version' | 'deleted_at';
/** The counter generation up to which the row's count is exact. */
interface Counted {
  readonly counted_through: number;
}
/** Columns that may be NULL. */
type Nullable<Table extends Record<Name, unknown>, Name extends string> = {
  readonly [Key in Name]: Table[Key] | null;
};

type ApplicationColumns = RowOf<typeof applications>;
type ChatColumns = RowOf<typeof chats>;
type MessageColumns = RowOf<typeof messages>;

export type ApplicationRow = Pick<
  ApplicationColumns,
  'token' | 'name' | 'chats_count' | Exclude<Common, 'deleted_at'>
> &
  Nullable<ApplicationColumns, 'metadata' | 'retention_days' | 'deleted_at'> &
  Counted & { readonly limits: LimitsValue };
export type ChatRow = Pick<
  ChatColumns,
  'token' | 'number' | 'name' | 'messages_count' | Exclude<Common, 'deleted_at'>
> &
  Nullable<ChatColumns, 'metadata' | 'deleted_at'> &
  Counted;
export type MessagePageRow = Pick<MessageColumns, 'number' | 'content' | Exclude<Common, 'deleted_at'>> &
  Nullable<MessageColumns, 'sender_id' | 'metadata' | 'deleted_at'>;
export type MessageRow = MessagePageRow &
  Pick<MessageColumns, 'token' | 'chat_number'> & {
    /** The partition's, in the same snapshot. */
    readonly deletes: number;
  };

export function toApplication(row: ApplicationRow): Application {
  const limits = toLimits(row.limits);
  return {
    token: tokenOf(row.token),
    name: row.name,
    ...(row.metadata === null ? undefined : { metadata: row.metadata }),
    ...(row.retention_days === null ? undefined : { retentionDays: row.retention_days }),
    ...(limits === undefined ? undefined : { limits }),
    version: row.version,
    chatsCount: row.chats_count,
    countedThrough: row.counted_through,
    ...toTimes(row),
  };
}

export function toChat(row: Omit<ChatRow, 'token' | 'deleted_at'>): Chat {
  return {
    number: row.number,
    name: row.name,
    ...(row.metadata === null ? undefined : { metadata: row.metadata }),
    version: row.version,
    messagesCount: row.messages_count,
    countedThrough: row.counted_through,
    ...toTimes(row),
  };
}

export function toMessage(row: MessagePageRow): Message {
  const { number, content, version } = row;
  // Without a call of toTimes or a spread, because this runs for each of the fifty messages of a page.
  const createdAt = row.created_at.getTime();
  const updatedAt = row.updated_at.getTime();
  if (row.sender_id === null && row.metadata === null) return { number, content, version, createdAt, updatedAt };
  const senderId = row.sender_id === null ? undefined : { senderId: row.sender_id };
  const metadata = row.metadata === null ? undefined : { metadata: row.metadata };
  return { number, content, ...senderId, ...metadata, version, createdAt, updatedAt };
}

export function toPlacedMessage(row: MessageRow): PlacedMessage {
  return { chat: row.chat_number, ...toMessage(row) };
}

function toTimes(row: Pick<MessageColumns, Times>): { createdAt: number; updatedAt: number } {
  return { createdAt: row.created_at.getTime(), updatedAt: row.updated_at.getTime() };
}
