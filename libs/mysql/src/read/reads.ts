import type { Application, Chat, Highest, Message, Page, PageRequest, Sequence, Token } from '@parley/domain';
import { epochOfEventId, partitionOf, sequenceKey } from '@parley/domain';
import { DatabaseFault, refusalOf, refusing } from '../faults.ts';
import { integer, tokenOf } from '../literals.ts';
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

/**
 * The reads of the store. Every statement is safe to repeat, so it is retried once after a lost connection. All methods
 * reject with Unavailable if the database is unreachable or too slow.
 */
export class Reads {
  readonly #pool: Pool;
  readonly #partitions: number;
  readonly #applications: PointReads<statements.ApplicationKey, Application>;
  readonly #chats: PointReads<statements.ChatKey, Chat>;
  readonly #messages: PointReads<statements.MessageKey, Message>;

  constructor(pool: Pool, partitions: number) {
    this.#pool = pool;
    this.#partitions = partitions;
    this.#applications = new PointReads(
      ({ token }) => token,
      async (keys) => {
        const rows = await this.#select<ApplicationRow>(statements.selectApplications(keys));
        return new Map(rows.map((row) => [tokenOf(row.token), toApplication(row)]));
      },
    );
    this.#chats = new PointReads(
      ({ token, chat }) => chatText(token, chat),
      async (keys) => {
        const rows = await this.#select<ChatRow>(statements.selectChats(keys));
        return new Map(rows.map((row) => [chatText(tokenOf(row.token), row.number), toChat(row)]));
      },
    );
    this.#messages = new PointReads(
      ({ token, chat, message }) => messageText(token, chat, message),
      async (keys) => {
        const rows = await this.#select<MessageRow>(statements.selectMessages(keys));
        return new Map(
          rows.map((row) => [messageText(tokenOf(row.token), row.chat_number, row.number), toMessage(row)]),
        );
      },
    );
  }

  application(token: Token): Promise<Application | undefined> {
    return this.#applications.get(this.key(token));
  }

  chat(token: Token, chat: number): Promise<Chat | undefined> {
    return this.#chats.get({ ...this.key(token), chat });
  }

  message(token: Token, chat: number, message: number): Promise<Message | undefined> {
    return this.#messages.get({ ...this.key(token), chat, message });
  }

  async messagesAt(token: Token, chat: number, numbers: readonly number[]): Promise<readonly Message[]> {
    if (numbers.length === 0) return [];
    const key = { ...this.key(token), chat };
    return (await this.#select<MessagePageRow>(statements.messagesAt(key, numbers))).map(toMessage);
  }

  async applications(page: PageRequest<Token>): Promise<Page<Application>> {
    return toPage(page, await this.#select<ApplicationRow>(statements.pageOfApplications(page)), toApplication);
  }

  async chats(token: Token, page: PageRequest<number>): Promise<Page<Chat>> {
    return toPage(page, await this.#select<ChatRow>(statements.pageOfChats(this.key(token), page)), toChat);
  }

  async messages(token: Token, chat: number, page: PageRequest<number>): Promise<Page<Message>> {
    const key = { ...this.key(token), chat };
    return toPage(page, await this.#select<MessagePageRow>(statements.pageOfMessages(key, page)), toMessage);
  }

  async highest(sequence: Sequence, seq: number): Promise<Highest | undefined> {
    const key = this.key(sequence.token);
    const sql =
      sequence.kind === 'chats'
        ? statements.highestChat(key)
        : statements.highestMessage({ ...key, chat: sequence.chat });
    const [row] = await this.#select<HighestRow>(sql);
    if (row === undefined || row.seq < seq) throw olderState();
    if (row.owned === 0) return undefined;
    if (row.number === null) return { number: 0 };
    return { number: row.number, epoch: epochOfEventId(row.event_id.toString('hex')), at: row.created_at.getTime() };
  }

  async reached(token: Token, seq: number): Promise<void> {
    const { partition } = this.key(token);
    const [row] = await this.#select<{ seq: number }>(
      `SELECT seq FROM partitions WHERE partition_number = ${integer(partition)}`,
    );
    if (row === undefined || row.seq < seq) throw olderState();
  }

  protected key(token: Token): statements.ApplicationKey {
    return { partition: partitionOf(token, this.#partitions), token };
  }

  #select<Row>(sql: string): Promise<Row[]> {
    return refusing(this.#pool.useAgain((session) => session.select<Row>(sql)));
  }
}

function olderState(): unknown {
  return refusalOf(new DatabaseFault('outage', 'OLDER_STATE'));
}

type HighestRow = { readonly seq: number; readonly owned: 0 | 1 } & (
  | { readonly number: null }
  | { readonly number: number; readonly event_id: Buffer; readonly created_at: Date }
);

function chatText(token: Token, chat: number): string {
  return sequenceKey({ kind: 'messages', token, chat });
}

function messageText(token: Token, chat: number, message: number): string {
  return `${chatText(token, chat)}:${message}`;
}
