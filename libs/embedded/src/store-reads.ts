import type { Database } from 'bun:sqlite';
import {
  type Application,
  type Chat,
  epochOfEventId,
  Gone,
  type Highest,
  type Message,
  type MessagePlace,
  NUMBER_MAX,
  type Page,
  type PageRequest,
  type PlacedMessage,
  type Sequence,
  type Token,
} from '@parley/domain';
import { MESSAGE_ID, NUMBER_BITS, NUMBER_MASK } from './database.ts';
import type { Owners } from './owners.ts';
import { readPage } from './page.ts';
import {
  APPLICATION_COLUMNS,
  type ApplicationRow,
  applicationOf,
  CHAT_COLUMNS,
  type ChatRow,
  chatOf,
  type Deletable,
  type MessageRow,
  messageOf,
  NUMBERED_MESSAGE_COLUMNS,
} from './rows.ts';

/** Above every number: a page that is read downwards starts here by default. */
const BEYOND_NUMBERS = NUMBER_MAX + 1;
const BEYOND_TOKENS = 'g';

/** Reads applications, chats and messages. Nothing below a deleted owner is found. Throws the database's errors. */
export class StoreReads {
  readonly #statements;

  constructor(
    database: Database,
    private readonly owners: Owners,
  ) {
    this.#statements = prepare(database);
  }

  application(token: Token): Application | undefined {
    const row = found('application', this.#statements.application.get(token));
    return row && applicationOf(row);
  }

  applications(page: PageRequest<Token>): Page<Application> {
    const { applicationsAfter, applicationsBefore } = this.#statements;
    const found = readPage(page, {
      upwards: (after, limit) => applicationsAfter.all(after ?? '', limit),
      downwards: (before, limit) => applicationsBefore.all(before ?? BEYOND_TOKENS, limit),
      keyOf: ({ token }) => token,
    });
    return { ...found, rows: found.rows.map(applicationOf) };
  }

  chat(token: Token, chat: number): Chat | undefined {
    if (!this.owners.hasApplication(token)) return undefined;
    const row = found('chat', this.#statements.chat.get(token, chat));
    return row && chatOf(row);
  }

  chats(token: Token, page: PageRequest<number>, only?: readonly number[]): Page<Chat> {
    if (!this.owners.hasApplication(token)) return { rows: [], more: false };
    const { chatsAfter, chatsBefore, onlyAfter, onlyBefore } = this.#statements;
    const numbers = only && JSON.stringify(only);
    const found = readPage(page, {
      upwards: (after = 0, limit) =>
        numbers === undefined ? chatsAfter.all(token, after, limit) : onlyAfter.all(token, after, limit, numbers),
      downwards: (before = BEYOND_NUMBERS, limit) =>
        numbers === undefined ? chatsBefore.all(token, before, limit) : onlyBefore.all(token, before, limit, numbers),
      keyOf: ({ number }) => number,
    });
    return { ...found, rows: found.rows.map(chatOf) };
  }

  message(token: Token, chat: number, number: number): Message | undefined {
    const owner = this.owners.chat(token, chat);
    if (owner === undefined) return undefined;
    if (number <= owner.purgedThrough) throw new Gone('message');
    const row = found('message', this.#statements.message.get(owner.id, number));
    return row && messageOf(row);
  }

  messagesAt(token: Token, places: readonly MessagePlace[]): PlacedMessage[] {
    return places.flatMap(({ chat, number }) => {
      const owner = this.owners.chat(token, chat);
      if (owner === undefined || number <= owner.purgedThrough) return [];
      const row = this.#statements.message.get(owner.id, number);
      return row === null || row.deletedAt !== null ? [] : [{ ...messageOf(row), chat }];
    });
  }

  messages(token: Token, chat: number, page: PageRequest<number>): Page<Message> {
    const owner = this.owners.chat(token, chat);
    if (owner === undefined) return { rows: [], more: false };
    const { id, purgedThrough } = owner;
    const { messagesAfter, messagesBefore } = this.#statements;
    const found = readPage(page, {
      upwards: (after, limit) => messagesAfter.all(id, Math.max(after ?? 0, purgedThrough), limit),
      downwards: (before, limit) => messagesBefore.all(id, before ?? BEYOND_NUMBERS, purgedThrough, limit),
      keyOf: ({ number }) => number,
    });
    return { ...found, rows: found.rows.map(messageOf) };
  }

  highest(sequence: Sequence): Highest | undefined {
    const { highestChat, highestMessage } = this.#statements;
    if (sequence.kind === 'chats') {
      return this.owners.hasApplication(sequence.token) ? highestOf(highestChat.get(sequence.token)) : undefined;
    }
    const owner = this.owners.chat(sequence.token, sequence.chat);
    return owner && highestOf(highestMessage.get(owner.id), owner.purgedThrough);
  }
}

interface HighestRow {
  readonly number: number;
  readonly eventId: string;
  readonly at: number;
}

function highestOf(row: HighestRow | null, purgedThrough = 0): Highest {
  if (row === null || row.number < purgedThrough) return { number: purgedThrough };
  return { number: row.number, epoch: epochOfEventId(row.eventId), at: row.at };
}

/** The row, if there is one. Throws Gone if it is deleted. */
function found<Row extends Deletable>(what: Gone['what'], row: Row | null): Row | undefined {
  if (row === null) return undefined;
  if (row.deletedAt !== null) throw new Gone(what);
  return row;
}

function prepare(database: Database) {
  // The `+` keeps the look-up by the numbers in ?4, of which there are few: a range may have many chats.
  const only = `SELECT ${CHAT_COLUMNS} FROM chats WHERE token = ?1 AND number IN (SELECT value FROM json_each(?4))`;
  const messages = `SELECT ${NUMBERED_MESSAGE_COLUMNS} FROM messages`;
  return {
    application: database.query<ApplicationRow, [Token]>(
      `SELECT ${APPLICATION_COLUMNS} FROM applications WHERE token = ?`,
    ),
    applicationsAfter: database.query<ApplicationRow, [string, number]>(
      `SELECT ${APPLICATION_COLUMNS} FROM applications WHERE token > ? ORDER BY token LIMIT ?`,
    ),
    applicationsBefore: database.query<ApplicationRow, [string, number]>(
      `SELECT ${APPLICATION_COLUMNS} FROM applications WHERE token < ? ORDER BY token DESC LIMIT ?`,
    ),
    chat: database.query<ChatRow, [Token, number]>(`SELECT ${CHAT_COLUMNS} FROM chats WHERE token = ? AND number = ?`),
    chatsAfter: database.query<ChatRow, [Token, number, number]>(
      `SELECT ${CHAT_COLUMNS} FROM chats WHERE token = ? AND number > ? ORDER BY number LIMIT ?`,
    ),
    chatsBefore: database.query<ChatRow, [Token, number, number]>(
      `SELECT ${CHAT_COLUMNS} FROM chats WHERE token = ? AND number < ? ORDER BY number DESC LIMIT ?`,
    ),
    onlyAfter: database.query<ChatRow, [Token, number, number, string]>(
      `${only} AND +number > ?2 ORDER BY number LIMIT ?3`,
    ),
    onlyBefore: database.query<ChatRow, [Token, number, number, string]>(
      `${only} AND +number < ?2 ORDER BY number DESC LIMIT ?3`,
    ),
    message: database.query<MessageRow, [number, number]>(`${messages} WHERE id = ${MESSAGE_ID}`),
    messagesAfter: database.query<MessageRow, [number, number, number]>(
      `${messages} WHERE id > ${MESSAGE_ID} AND id <= (?1 << ${NUMBER_BITS}) + ${NUMBER_MASK} ORDER BY id LIMIT ?3`,
    ),
    messagesBefore: database.query<MessageRow, [number, number, number, number]>(
      `${messages} WHERE id < ${MESSAGE_ID} AND id > (?1 << ${NUMBER_BITS}) + ?3 ORDER BY id DESC LIMIT ?4`,
    ),
    highestChat: database.query<HighestRow, [Token]>(
      `SELECT number, event_id AS eventId, created_at AS at FROM chats WHERE token = ? ORDER BY number DESC LIMIT 1`,
    ),
    highestMessage: database.query<HighestRow, [number]>(
      `SELECT id & ${NUMBER_MASK} AS number, event_id AS eventId, coalesce(accepted_at, created_at) AS at FROM messages
       WHERE id > ?1 << ${NUMBER_BITS} AND id <= (?1 << ${NUMBER_BITS}) + ${NUMBER_MASK} ORDER BY id DESC LIMIT 1`,
    ),
  };
}
