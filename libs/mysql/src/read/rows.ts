import { type Application, type Chat, type Message, type Page, type PageRequest, pageOf } from '@parley/domain';
import { tokenOf } from '../literals.ts';
import type { applications, chats, messages, RowOf } from '../schema.ts';

/** The rows that the statements of statements.ts return, and their conversion to entities. */

type Times = 'created_at' | 'updated_at';
/** The counter generation up to which the row's count is exact. */
interface Counted {
  readonly counted_through: number;
}

export type ApplicationRow = Pick<RowOf<typeof applications>, 'token' | 'name' | 'chats_count' | Times> & Counted;
export type ChatRow = Pick<RowOf<typeof chats>, 'token' | 'number' | 'name' | 'messages_count' | Times> & Counted;
export type MessagePageRow = Pick<RowOf<typeof messages>, 'number' | 'content' | Times>;
export type MessageRow = MessagePageRow & Pick<RowOf<typeof messages>, 'token' | 'chat_number'>;

export function toApplication(row: ApplicationRow): Application {
  return {
    token: tokenOf(row.token),
    name: row.name,
    chatsCount: row.chats_count,
    countedThrough: row.counted_through,
    ...toTimes(row),
  };
}

export function toChat(row: ChatRow): Chat {
  return {
    number: row.number,
    name: row.name,
    messagesCount: row.messages_count,
    countedThrough: row.counted_through,
    ...toTimes(row),
  };
}

export function toMessage(row: MessagePageRow): Message {
  // Without a call of toTimes, because this runs for each of the fifty messages of a page.
  return {
    number: row.number,
    content: row.content,
    createdAt: row.created_at.getTime(),
    updatedAt: row.updated_at.getTime(),
  };
}

function toTimes(row: Pick<MessagePageRow, Times>): { createdAt: number; updatedAt: number } {
  return { createdAt: row.created_at.getTime(), updatedAt: row.updated_at.getTime() };
}

export function toPage<Row, Entity>(
  request: PageRequest<unknown>,
  rows: readonly Row[],
  toEntity: (row: Row) => Entity,
): Page<Entity> {
  const { rows: found, more } = pageOf(request, rows);
  return { rows: found.map(toEntity), more };
}
