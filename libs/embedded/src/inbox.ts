import type { Database } from 'bun:sqlite';
import type { InboxChat, InboxPage, InboxPosition, Token } from '@parley/domain';
import type { Activity } from './activity.ts';
import { MESSAGE_ID } from './database.ts';
import type { Owners } from './owners.ts';
import { CHAT_COLUMNS, type ChatRow, chatOf, type MessageRow, messageOf, NUMBERED_MESSAGE_COLUMNS } from './rows.ts';

interface ActiveChat extends ChatRow {
  readonly id: number;
  readonly lastNumber: number;
  readonly activeAt: number;
}

/** Above every time and every number: the first page starts here. */
const BEYOND: InboxPosition = { at: Number.MAX_SAFE_INTEGER, chat: Number.MAX_SAFE_INTEGER };

/** An application's chats, the one with the latest message first. Brings the inbox up to date before each page. */
export class Inbox {
  readonly #chats;
  readonly #only;
  readonly #message;

  constructor(
    database: Database,
    private readonly owners: Owners,
    private readonly activity: Activity,
  ) {
    const columns = `${CHAT_COLUMNS}, id, last_number AS lastNumber, active_at AS activeAt`;
    const condition = 'token = ?1 AND (active_at, number) < (?2, ?3)';
    const order = 'ORDER BY active_at DESC, number DESC LIMIT ?4';
    this.#chats = database.query<ActiveChat, [Token, number, number, number]>(
      `SELECT ${columns} FROM chats WHERE ${condition} ${order}`,
    );
    // The numbers in ?5 are few. Without INDEXED BY, SQLite may walk through the whole inbox instead.
    this.#only = database.query<ActiveChat, [Token, number, number, number, string]>(
      `SELECT ${columns} FROM chats INDEXED BY chats_token_number
       WHERE ${condition} AND number IN (SELECT value FROM json_each(?5)) ${order}`,
    );
    this.#message = database.query<MessageRow, [number, number]>(
      `SELECT ${NUMBERED_MESSAGE_COLUMNS} FROM messages WHERE id = ${MESSAGE_ID}`,
    );
  }

  page(token: Token, limit: number, after = BEYOND, only?: readonly number[]): InboxPage {
    if (!this.owners.hasApplication(token)) return { rows: [] };
    this.activity.catchUp();
    const range = [token, after.at, after.chat, limit + 1] as const;
    const found = only === undefined ? this.#chats.all(...range) : this.#only.all(...range, JSON.stringify(only));
    const shown = found.slice(0, limit);
    const last = shown.at(-1);
    const more = found.length > limit && last !== undefined;
    return {
      rows: shown.map((row) => this.#withLastMessage(row)),
      next: more ? { at: last.activeAt, chat: last.number } : undefined,
    };
  }

  #withLastMessage(row: ActiveChat): InboxChat {
    const message = row.lastNumber === 0 ? null : this.#message.get(row.id, row.lastNumber);
    if (message === null) return chatOf(row);
    const { version: _, metadata: __, updatedAt: ___, ...lastMessage } = messageOf(message);
    return { ...chatOf(row), lastMessage };
  }
}
