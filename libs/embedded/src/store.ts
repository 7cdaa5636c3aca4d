import type { Database } from 'bun:sqlite';
import {
  type Appended,
  type Application,
  type Chat,
  type Event,
  type Highest,
  type KeyedCreate,
  type Message,
  NUMBER_MAX,
  type Page,
  type PageRequest,
  type Sequence,
  type Store,
  type Token,
} from '@parley/domain';
import { Appender } from './append.ts';
import { guarded, MESSAGE_COLUMNS, NUMBER_BITS } from './database.ts';
import type { KeptKeys } from './kept-keys.ts';
import { EPOCH } from './numbering.ts';
import { readPage } from './page.ts';
import type { SearchTables } from './search-tables.ts';

/** Columns of an Application. Counts are updated with the rows, so there are no live counts to add. */
const APPLICATION = `token, name, chats_count AS chatsCount, 0 AS countedThrough,
  created_at AS createdAt, updated_at AS updatedAt`;
const CHAT = `number, name, messages_count AS messagesCount, 0 AS countedThrough,
  created_at AS createdAt, updated_at AS updatedAt`;
const MESSAGE = `id & ${2 ** NUMBER_BITS - 1} AS number, ${MESSAGE_COLUMNS}`;
const CHAT_ID = `((SELECT id FROM chats WHERE token = ?1 AND number = ?2) << ${NUMBER_BITS})`;
const NUMBER_TOP = 2 ** NUMBER_BITS - 1;
/** Above every number: a page that is read downwards starts here by default. */
const BEYOND_NUMBERS = NUMBER_MAX + 1;
const BEYOND_TOKENS = 'g';

const PROBE = `INSERT OR REPLACE INTO write_probe VALUES (1, zeroblob(${64 * 1024}))`;

export class EmbeddedStore implements Store {
  readonly #database: Database;
  readonly #appender: Appender;
  readonly #statements;
  readonly #rewrite;
  #lastWriteFailed = false;

  constructor(
    database: Database,
    private readonly keys: KeptKeys,
    search: SearchTables,
    private readonly now: () => number,
  ) {
    this.#database = database;
    this.#appender = new Appender(database, keys, search);
    const statements = prepare(database);
    this.#statements = statements;
    this.#rewrite = database.transaction((token: Token, chat: number, number: number, content: string) => {
      const before = statements.messageBefore.get(token, chat, number);
      if (before === null) return undefined;
      const { chatId } = before;
      search.rewrite({ chatId, number }, before.content, content);
      return statements.rewriteMessage.get(token, chat, number, content, this.now()) ?? undefined;
    });
  }

  append(events: readonly Event[]): Promise<Appended> {
    return this.#writing(() => this.#appender.append(events));
  }

  /** Does nothing and returns 0: there is only one epoch, and no copy of the file that could be older. */
  async fence(): Promise<number> {
    return 0;
  }

  async reached(): Promise<void> {}

  application(token: Token): Promise<Application | undefined> {
    return guarded(() => this.#statements.application.get(token) ?? undefined);
  }

  applications(page: PageRequest<Token>): Promise<Page<Application>> {
    const { applicationsAfter, applicationsBefore } = this.#statements;
    return guarded(() =>
      readPage(
        page,
        (after, limit) => applicationsAfter.all(after ?? '', limit),
        (before, limit) => applicationsBefore.all(before ?? BEYOND_TOKENS, limit),
      ),
    );
  }

  chat(token: Token, chat: number): Promise<Chat | undefined> {
    return guarded(() => this.#statements.chat.get(token, chat) ?? undefined);
  }

  chats(token: Token, page: PageRequest<number>): Promise<Page<Chat>> {
    const { chatsAfter, chatsBefore } = this.#statements;
    return guarded(() =>
      readPage(
        page,
        (after, limit) => chatsAfter.all(token, after ?? 0, limit),
        (before, limit) => chatsBefore.all(token, before ?? BEYOND_NUMBERS, limit),
      ),
    );
  }

  message(token: Token, chat: number, message: number): Promise<Message | undefined> {
    return guarded(() => this.#statements.message.get(token, chat, message) ?? undefined);
  }

  messagesAt(token: Token, chat: number, numbers: readonly number[]): Promise<readonly Message[]> {
    const { messagesAt } = this.#statements;
    return guarded(() => messagesAt.all(token, chat, JSON.stringify(numbers)));
  }

  messages(token: Token, chat: number, page: PageRequest<number>): Promise<Page<Message>> {
    const { messagesAfter, messagesBefore } = this.#statements;
    return guarded(() =>
      readPage(
        page,
        (after, limit) => messagesAfter.all(token, chat, after ?? 0, limit),
        (before, limit) => messagesBefore.all(token, chat, before ?? BEYOND_NUMBERS, limit),
      ),
    );
  }

  renameApplication(token: Token, name: string): Promise<Application | undefined> {
    return this.#writing(() => this.#statements.renameApplication.get(name, this.now(), token) ?? undefined);
  }

  renameChat(token: Token, chat: number, name: string): Promise<Chat | undefined> {
    return this.#writing(() => this.#statements.renameChat.get(name, this.now(), token, chat) ?? undefined);
  }

  rewriteMessage(token: Token, chat: number, message: number, content: string): Promise<Message | undefined> {
    return this.#writing(() => this.#rewrite.immediate(token, chat, message, content));
  }

  highest(sequence: Sequence): Promise<Highest | undefined> {
    const { highestChat, highestMessage } = this.#statements;
    return guarded(() => {
      const row =
        sequence.kind === 'chats' ? highestChat.get(sequence.token) : highestMessage.get(sequence.token, sequence.chat);
      return row === null ? undefined : { number: row.highest };
    });
  }

  keyedCreate(scope: Token | 'applications', hash: string): Promise<KeyedCreate | undefined> {
    return guarded(() => {
      const kept = this.keys.find(scope, hash);
      if (kept === undefined) return undefined;
      const { body: bodyHash, ...rest } = kept;
      return { ...rest, bodyHash, epoch: EPOCH };
    });
  }

  /**
   * Rejects with Unavailable if the database cannot be used. After a failed write only another write (not a tiny one)
   * shows that the disk has room again.
   */
  async ping(): Promise<void> {
    if (this.#lastWriteFailed) await this.#writing(() => this.#database.run(PROBE));
    else await guarded(() => this.#database.run('SELECT 1'));
  }

  async #writing<T>(write: () => T): Promise<T> {
    try {
      const written = await guarded(write);
      this.#lastWriteFailed = false;
      return written;
    } catch (error) {
      this.#lastWriteFailed = true;
      throw error;
    }
  }
}

function prepare(database: Database) {
  type Number = [string, number];
  return {
    application: database.query<Application, [string]>(`SELECT ${APPLICATION} FROM applications WHERE token = ?`),
    applicationsAfter: database.query<Application, [string, number]>(
      `SELECT ${APPLICATION} FROM applications WHERE token > ? ORDER BY token LIMIT ?`,
    ),
    applicationsBefore: database.query<Application, [string, number]>(
      `SELECT ${APPLICATION} FROM applications WHERE token < ? ORDER BY token DESC LIMIT ?`,
    ),
    chat: database.query<Chat, Number>(`SELECT ${CHAT} FROM chats WHERE token = ? AND number = ?`),
    chatsAfter: database.query<Chat, [...Number, number]>(
      `SELECT ${CHAT} FROM chats WHERE token = ? AND number > ? ORDER BY number LIMIT ?`,
    ),
    chatsBefore: database.query<Chat, [...Number, number]>(
      `SELECT ${CHAT} FROM chats WHERE token = ? AND number < ? ORDER BY number DESC LIMIT ?`,
    ),
    message: database.query<Message, [...Number, number]>(`SELECT ${MESSAGE} FROM messages WHERE id = ${CHAT_ID} + ?3`),
    messagesAt: database.query<Message, [...Number, string]>(
      `SELECT ${MESSAGE} FROM messages WHERE id IN (SELECT ${CHAT_ID} + value FROM json_each(?3))`,
    ),
    messagesAfter: database.query<Message, [...Number, number, number]>(
      `SELECT ${MESSAGE} FROM messages WHERE id > ${CHAT_ID} + ?3 AND id <= ${CHAT_ID} + ${NUMBER_TOP}
       ORDER BY id LIMIT ?4`,
    ),
    messagesBefore: database.query<Message, [...Number, number, number]>(
      `SELECT ${MESSAGE} FROM messages WHERE id < ${CHAT_ID} + ?3 AND id > ${CHAT_ID} ORDER BY id DESC LIMIT ?4`,
    ),
    renameApplication: database.query<Application, [string, number, string]>(
      `UPDATE applications SET name = ?, updated_at = max(updated_at, ?) WHERE token = ? RETURNING ${APPLICATION}`,
    ),
    renameChat: database.query<Chat, [string, number, ...Number]>(
      `UPDATE chats SET name = ?, updated_at = max(updated_at, ?) WHERE token = ? AND number = ? RETURNING ${CHAT}`,
    ),
    messageBefore: database.query<{ chatId: number; content: string }, [...Number, number]>(
      `SELECT id >> ${NUMBER_BITS} AS chatId, content FROM messages WHERE id = ${CHAT_ID} + ?3`,
    ),
    rewriteMessage: database.query<Message, [...Number, number, string, number]>(
      `UPDATE messages SET content = ?4, updated_at = max(updated_at, ?5), version = version + 1
       WHERE id = ${CHAT_ID} + ?3 RETURNING ${MESSAGE}`,
    ),
    highestChat: database.query<{ highest: number }, [string]>(
      `SELECT coalesce((SELECT max(number) FROM chats WHERE token = applications.token), 0) AS highest
       FROM applications WHERE token = ?`,
    ),
    highestMessage: database.query<{ highest: number }, Number>(
      `SELECT coalesce((SELECT max(id) & ${NUMBER_TOP} FROM messages
         WHERE id > chats.id << ${NUMBER_BITS} AND id <= (chats.id << ${NUMBER_BITS}) + ${NUMBER_TOP}), 0) AS highest
       FROM chats WHERE token = ? AND number = ?`,
    ),
  };
}
