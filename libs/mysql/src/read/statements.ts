import { NUMBER_MAX, type PageRequest, readingOrder, type Token } from '@parley/domain';
import { bytes, integer } from '../literals.ts';

/**
 * All reads of the store as SQL. Each uses one index only, with FORCE INDEX: on small or freshly filled tables the
 * optimizer may prefer a full scan.
 */

/** No token and no chat: the reader of a page knows them, and a Buffer for each row would make it slower. */
const MESSAGE_COLUMNS = 'number, content, created_at, updated_at';
const FROM_MESSAGES = 'FROM messages FORCE INDEX (PRIMARY)';

/**
 * The counter generation up to which a row's count is exact. Read it in the same statement as the count, and so in one
 * snapshot: a flush commits both together.
 */
const flushedOf = (table: string) =>
  `(SELECT flushed FROM partitions AS p WHERE p.partition_number = ${table}.partition_number) AS counted_through`;
const APPLICATION = `SELECT token, name, chats_count, created_at, updated_at, ${flushedOf('applications')} FROM applications`;
const CHAT = `SELECT token, number, name, messages_count, created_at, updated_at, ${flushedOf('chats')}
  FROM chats FORCE INDEX (PRIMARY)`;

export interface ApplicationKey {
  readonly partition: number;
  readonly token: Token;
}

export interface ChatKey extends ApplicationKey {
  readonly chat: number;
}

export interface MessageKey extends ChatKey {
  readonly message: number;
}

export function selectApplications(keys: readonly ApplicationKey[]): string {
  return `${APPLICATION} FORCE INDEX (PRIMARY) WHERE (partition_number, token) IN (${keys.map((key) => `(${owner(key)})`).join()})`;
}

export function selectChats(keys: readonly ChatKey[]): string {
  const list = keys.map((key) => `(${owner(key)},${integer(key.chat)})`);
  return `${CHAT} WHERE (partition_number, token, number) IN (${list.join()})`;
}

export function selectMessages(keys: readonly MessageKey[]): string {
  const list = keys.map((key) => `(${owner(key)},${integer(key.chat)},${integer(key.message)})`);
  return `SELECT token, chat_number, ${MESSAGE_COLUMNS} ${FROM_MESSAGES}
    WHERE (partition_number, token, chat_number, number) IN (${list.join()})`;
}

export function messagesAt(key: ChatKey, numbers: readonly number[]): string {
  return `SELECT ${MESSAGE_COLUMNS} ${FROM_MESSAGES} WHERE ${inChat(key)} AND number IN (${numbers.map(integer).join()})`;
}

/**
 * A page of applications reads all partitions, so it has an index of its own. One row more than the limit shows whether
 * there are more.
 */
export function pageOfApplications(page: PageRequest<Token>): string {
  return `${APPLICATION} FORCE INDEX (applications_token) WHERE ${beyond(TOKENS, page)}`;
}

export function pageOfChats(key: ApplicationKey, page: PageRequest<number>): string {
  return `${CHAT} WHERE ${inApplication(key)} AND ${beyond(NUMBERS, page)}`;
}

export function pageOfMessages(key: ChatKey, page: PageRequest<number>): string {
  return `SELECT ${MESSAGE_COLUMNS} ${FROM_MESSAGES} WHERE ${inChat(key)} AND ${beyond(NUMBERS, page)}`;
}

function owner({ partition, token }: ApplicationKey): string {
  return `${integer(partition)},${bytes(token)}`;
}

export function inApplication({ partition, token }: ApplicationKey): string {
  return `partition_number = ${integer(partition)} AND token = ${bytes(token)}`;
}

export function inChat(key: ChatKey): string {
  return `${inApplication(key)} AND chat_number = ${integer(key.chat)}`;
}

interface KeyColumn<Key> {
  readonly column: string;
  readonly literal: (key: Key) => string;
  /** SQL values below (`lowest`) and above (`highest`) every key. */
  readonly lowest: string;
  readonly highest: string;
}

const TOKENS: KeyColumn<Token> = {
  column: 'token',
  literal: bytes,
  lowest: `0x${'0'.repeat(32)}`,
  highest: `0x${'f'.repeat(32)}`,
};
const NUMBERS: KeyColumn<number> = {
  column: 'number',
  literal: integer,
  lowest: '0',
  highest: integer(NUMBER_MAX + 1),
};

function beyond<Key>({ column, literal, lowest, highest }: KeyColumn<Key>, page: PageRequest<Key>): string {
  const limit = integer(page.limit + 1);
  if (readingOrder(page) === 'asc') {
    const after = page.after === undefined ? lowest : literal(page.after);
    return `${column} > ${after} ORDER BY ${column} LIMIT ${limit}`;
  }
  const before = page.before === undefined ? highest : literal(page.before);
  return `${column} < ${before} ORDER BY ${column} DESC LIMIT ${limit}`;
}

/**
 * Returns one row: the partition's `seq`, whether the application (in highestMessage: the chat) exists, and its highest
 * number, null if it has none. One statement, and so one snapshot.
 */
export function highestChat(key: ApplicationKey): string {
  return highestOf(key, `SELECT 1 FROM applications WHERE ${inApplication(key)}`, 'chats', inApplication(key));
}

export function highestMessage(key: ChatKey): string {
  const chat = `SELECT 1 FROM chats WHERE ${inApplication(key)} AND number = ${integer(key.chat)}`;
  return highestOf(key, chat, 'messages', inChat(key));
}

function highestOf(key: ApplicationKey, ownerSql: string, table: 'chats' | 'messages', condition: string): string {
  return `SELECT p.seq, EXISTS (${ownerSql}) AS owned, highest.* FROM partitions AS p
    LEFT JOIN (SELECT number, event_id, created_at FROM ${table} WHERE ${condition} ORDER BY number DESC LIMIT 1) AS highest
    ON TRUE WHERE p.partition_number = ${integer(key.partition)}`;
}
