import { type Application, type Chat, type Message, type Page, type PageRequest, pageOf } from '@parley/domain';
import { tokenOf } from '../literals.ts';

/** The rows as the statements of this folder answer them, and the entities that they are. */

interface Times {
  readonly created_at: Date;
  readonly updated_at: Date;
}

export interface ApplicationRow extends Times {
  readonly token: Buffer;
  readonly name: string;
  readonly chats_count: number;
  readonly counted_through: number;
}

export interface ChatRow extends Times {
  readonly token: Buffer;
  readonly number: number;
  readonly name: string;
  readonly messages_count: number;
  readonly counted_through: number;
}

export interface MessagePageRow extends Times {
  readonly number: number;
  readonly content: string;
}

export interface MessageRow extends MessagePageRow {
  readonly token: Buffer;
  readonly chat_number: number;
}

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
  // Written out: of all rows these are the ones that come by the fifty.
  return {
    number: row.number,
    content: row.content,
    createdAt: row.created_at.getTime(),
    updatedAt: row.updated_at.getTime(),
  };
}

function toTimes(row: Times): { createdAt: number; updatedAt: number } {
  return { createdAt: row.created_at.getTime(), updatedAt: row.updated_at.getTime() };
}

/** The page that `rows` are, read in the reading order, with one more than asked for. */
export function toPage<Row, Entity>(
  request: PageRequest<unknown>,
  rows: readonly Row[],
  toEntity: (row: Row) => Entity,
): Page<Entity> {
  const { rows: found, more } = pageOf(request, rows);
  return { rows: found.map(toEntity), more };
}
