import type {
  Application,
  Chat,
  Highest,
  Message,
  MessagePlace,
  Page,
  PageRequest,
  PlacedMessage,
  Sequence,
  Token,
} from '@parley/domain';
import { epochOfEventId, Gone, partitionOf, sequenceKey } from '@parley/domain';
import { DatabaseFault, refusalOf, refusing } from '../faults.ts';
import { integer, tokenOf } from '../literals.ts';
import type { Pool } from '../pool.ts';
import { readPage } from './pages.ts';
import { PointReads } from './point-reads.ts';
import {
  type ApplicationRow,
  type ChatRow,
  isLiving,
  type MessagePageRow,
  type MessageRow,
  toApplication,
  toChat,
  toMessage,
  toPlacedMessage,
} from './rows.ts';
import * as statements from './statements.ts';

/**
 * The reads of the store. Every statement is safe to repeat, so it is retried once after a lost connection. All methods
 * reject with Unavailable if the database is unreachable or too slow.
 */
export class Reads {
  readonly #pool: Pool;
  readonly #partitions: number;
  readonly #applications: PointReads<statements.ApplicationKey, Application | Gone>;
  readonly #chats: PointReads<statements.ChatKey, Chat | Gone>;
  readonly #messages: PointReads<statements.MessageKey, Message | Gone>;
  readonly #purged: PointReads<statements.ChatKey, number>;

  constructor(pool: Pool, partitions: number) {
    this.#pool = pool;
    this.#partitions = partitions;
    this.#applications = new PointReads(
      ({ token }) => token,
      async (keys) => {
        const rows = await this.#select<ApplicationRow>(statements.selectApplications(keys));
        return new Map(
          rows.map((row) => [
            tokenOf(row.token),
            row.deleted_at === null ? toApplication(row) : new Gone('application'),
          ]),
        );
      },
    );
    this.#chats = new PointReads(
      ({ token, chat }) => chatText(token, chat),
      async (keys) => {
        const rows = await this.#select<ChatRow>(statements.selectChats(keys));
        return new Map(
          rows.map((row) => [
            chatText(tokenOf(row.token), row.number),
            row.deleted_at === null ? toChat(row) : new Gone('chat'),
          ]),
        );
      },
    );
    this.#messages = new PointReads(
      ({ token, chat, message }) => messageText(token, chat, message),
      async (keys) => {
        const rows = await this.#select<MessageRow>(statements.selectMessages(keys));
        return new Map(
          rows.map((row) => [
            messageText(tokenOf(row.token), row.chat_number, row.number),
            isLiving(row) ? toMessage(row) : new Gone('message'),
          ]),
        );
      },
    );
    this.#purged = new PointReads(
      ({ token, chat }) => chatText(token, chat),
      async (keys) => {
        const rows = await this.#select<PurgedRow>(statements.selectPurged(keys));
        return new Map(rows.map((row) => [chatText(tokenOf(row.token), row.number), row.purged_through]));
      },
    );
  }

  async application(token: Token): Promise<Application | undefined> {
    return unlessGone(await this.#applications.get(this.key(token)));
  }

  async chat(token: Token, chat: number): Promise<Chat | undefined> {
    return unlessGone(await this.#chats.get({ ...this.key(token), chat }));
  }

  async message(token: Token, chat: number, message: number): Promise<Message | undefined> {
    const key = { ...this.key(token), chat, message };
    const found = await this.#messages.get(key);
    if (found !== undefined) return unlessGone(found);
    // Perhaps its row was removed. A second statement, because rows that exist need none: `purged_through` only rises.
    if (message <= ((await this.#purged.get(key)) ?? 0)) throw new Gone('message');
    return undefined;
  }

  async messagesAt(token: Token, places: readonly MessagePlace[]): Promise<readonly PlacedMessage[]> {
    if (places.length === 0) return [];
    const key = this.key(token);
    const keys = places.map(({ chat, number }) => ({ ...key, chat, message: number }));
    const rows = await this.#select<MessageRow>(statements.selectMessages(keys));
    return rows.filter(isLiving).map(toPlacedMessage);
  }

  applications(page: PageRequest<Token>): Promise<Page<Application>> {
    return readPage(page, {
      read: (next, rows) => this.#select<ApplicationRow>(statements.pageOfApplications(next, rows)),
      keyOf: (row) => tokenOf(row.token),
      toEntity: toApplication,
    });
  }

  chats(token: Token, page: PageRequest<number>): Promise<Page<Chat>> {
    const key = this.key(token);
    return readPage(page, {
      read: (next, rows) => this.#select<ChatRow>(statements.pageOfChats(key, next, rows)),
      keyOf: (row) => row.number,
      toEntity: (row: ChatRow) => toChat(row),
    });
  }

  messages(token: Token, chat: number, page: PageRequest<number>): Promise<Page<Message>> {
    const key = { ...this.key(token), chat };
    return readPage(page, {
      read: (next, rows) => this.#select<MessagePageRow>(statements.pageOfMessages(key, next, rows)),
      keyOf: (row) => row.number,
      toEntity: toMessage,
    });
  }

  async highest(sequence: Sequence, seq = 0): Promise<Highest | undefined> {
    const key = this.key(sequence.token);
    const sql =
      sequence.kind === 'chats'
        ? statements.highestChat(key)
        : statements.highestMessage({ ...key, chat: sequence.chat });
    const [row] = await this.#select<HighestRow>(sql);
    if (row === undefined || row.seq < seq) throw olderState();
    if (row.owned === 0) return undefined;
    if (row.number === null || row.number < row.purged_through) return { number: row.purged_through };
    return { number: row.number, epoch: epochOfEventId(row.event_id.toString('hex')), at: row.at.getTime() };
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

/** `purged_through` is that of the chat, 0 in an application. It is null only if the owner is not there. */
type HighestRow = { readonly seq: number; readonly owned: 0 | 1; readonly purged_through: number } & (
  | { readonly number: null }
  | { readonly number: number; readonly event_id: Buffer; readonly at: Date }
);

interface PurgedRow {
  readonly token: Buffer;
  readonly number: number;
  readonly purged_through: number;
}

function unlessGone<Entity>(found: Entity | Gone | undefined): Entity | undefined {
  if (found instanceof Gone) throw found;
  return found;
}

function chatText(token: Token, chat: number): string {
  return sequenceKey({ kind: 'messages', token, chat });
}

function messageText(token: Token, chat: number, message: number): string {
  return `${chatText(token, chat)}:${message}`;
}
