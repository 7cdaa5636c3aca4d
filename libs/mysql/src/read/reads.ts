import type { Application, Chat, Highest, Message, Page, PageRequest, Sequence, Token } from '@parley/domain';
import { epochOfEventId, sequenceKey } from '@parley/domain';
import { tokenOf } from '../literals.ts';
import type { Pool } from '../pool.ts';
import { PointReads } from './point-reads.ts';
import {
  type ApplicationRow,
  type ChatRow,
  type MessagePageRow,
  type MessageRow,
  toApplication,
  toChat,
  toMessage,
  toPage,
} from './rows.ts';
import * as statements from './statements.ts';

/** The reading half of the store. Every statement is harmless to repeat, so a lost connection is tried once more. */
export class Reads {
  readonly #pool: Pool;
  readonly #applications: PointReads<Token, Application>;
  readonly #chats: PointReads<statements.ChatKey, Chat>;
  readonly #messages: PointReads<statements.MessageKey, Message>;

  constructor(pool: Pool) {
    this.#pool = pool;
    this.#applications = new PointReads(
      (token) => token,
      async (tokens) => {
        const rows = await this.#select<ApplicationRow>(statements.selectApplications(tokens));
        return new Map(rows.map((row) => [tokenOf(row.token), toApplication(row)]));
      },
    );
    this.#chats = new PointReads(chatText, async (keys) => {
      const rows = await this.#select<ChatRow>(statements.selectChats(keys));
      return new Map(rows.map((row) => [chatText({ token: tokenOf(row.token), chat: row.number }), toChat(row)]));
    });
    this.#messages = new PointReads(messageText, async (keys) => {
      const rows = await this.#select<MessageRow>(statements.selectMessages(keys));
      return new Map(rows.map((row) => [messageText(messageKey(row)), toMessage(row)]));
    });
  }

  application(token: Token): Promise<Application | undefined> {
    return this.#applications.get(token);
  }

  chat(token: Token, chat: number): Promise<Chat | undefined> {
    return this.#chats.get({ token, chat });
  }

  message(token: Token, chat: number, message: number): Promise<Message | undefined> {
    return this.#messages.get({ token, chat, message });
  }

  async messagesAt(key: statements.ChatKey, numbers: readonly number[]): Promise<readonly Message[]> {
    if (numbers.length === 0) return [];
    return (await this.#select<MessagePageRow>(statements.messagesAt(key, numbers))).map(toMessage);
  }

  async applications(page: PageRequest<Token>): Promise<Page<Application>> {
    return toPage(page, await this.#select<ApplicationRow>(statements.pageOfApplications(page)), toApplication);
  }

  async chats(token: Token, page: PageRequest<number>): Promise<Page<Chat>> {
    return toPage(page, await this.#select<ChatRow>(statements.pageOfChats(token, page)), toChat);
  }

  async messages(token: Token, chat: number, page: PageRequest<number>): Promise<Page<Message>> {
    return toPage(page, await this.#select<MessagePageRow>(statements.pageOfMessages(token, chat, page)), toMessage);
  }

  async highest(sequence: Sequence): Promise<Highest | undefined> {
    const sql =
      sequence.kind === 'chats' ? statements.highestChat(sequence.token) : statements.highestMessage(sequence);
    const [row] = await this.#select<{ number: number; event_id: Buffer; created_at: Date } | EmptyRow>(sql);
    if (row === undefined) return undefined;
    if (row.number === null) return { number: 0 };
    return { number: row.number, epoch: epochOfEventId(row.event_id.toString('hex')), at: row.created_at.getTime() };
  }

  #select<Row>(sql: string): Promise<Row[]> {
    return this.#pool.useAgain((session) => session.select<Row>(sql));
  }
}

/** The owner of an empty sequence. */
interface EmptyRow {
  readonly number: null;
}

function chatText({ token, chat }: statements.ChatKey): string {
  return sequenceKey({ kind: 'messages', token, chat });
}

function messageKey(row: MessageRow): statements.MessageKey {
  return { token: tokenOf(row.token), chat: row.chat_number, message: row.number };
}

function messageText(key: statements.MessageKey): string {
  return `${chatText(key)}:${key.message}`;
}
