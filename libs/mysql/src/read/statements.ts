import { NUMBER_MAX, type PageRequest, readingOrder, type Token } from '@parley/domain';
import { bytes, integer } from '../literals.ts';

/**
 * Every read of the store as SQL. Each goes through the clustered key alone: FORCE INDEX, because on small or freshly
 * filled tables the optimizer's statistics can make a full scan look cheaper.
 */

/** A page knows its chat already: a Buffer for each row would slow the page down. */
const MESSAGE_COLUMNS = 'number, content, created_at, updated_at';
const FROM_MESSAGES = 'FROM messages FORCE INDEX (PRIMARY)';

/**
 * The count and the generation up to which it is exact are read in one statement, that is from one snapshot: the sum
 * that changes them commits them together.
 */
const FLUSHED = "(SELECT generation FROM counter_generations WHERE name = 'flushed') AS counted_through";
const APPLICATION = `SELECT token, name, chats_count, created_at, updated_at, ${FLUSHED} FROM applications FORCE INDEX (PRIMARY)`;
const CHAT = `SELECT token, number, name, messages_count, created_at, updated_at, ${FLUSHED} FROM chats FORCE INDEX (PRIMARY)`;

export interface ChatKey {
  readonly token: Token;
  readonly chat: number;
}

export interface MessageKey extends ChatKey {
  readonly message: number;
}

export function selectApplications(tokens: readonly Token[]): string {
  return `${APPLICATION} WHERE token IN (${tokens.map(bytes).join()})`;
}

export function selectChats(keys: readonly ChatKey[]): string {
  const list = keys.map(({ token, chat }) => `(${bytes(token)},${integer(chat)})`);
  return `${CHAT} WHERE (token, number) IN (${list.join()})`;
}

export function selectMessages(keys: readonly MessageKey[]): string {
  const list = keys.map(({ token, chat, message }) => `(${bytes(token)},${integer(chat)},${integer(message)})`);
  return `SELECT token, chat_number, ${MESSAGE_COLUMNS} ${FROM_MESSAGES} WHERE (token, chat_number, number) IN (${list.join()})`;
}

export function messagesAt({ token, chat }: ChatKey, numbers: readonly number[]): string {
  return `SELECT ${MESSAGE_COLUMNS} ${FROM_MESSAGES}
    WHERE token = ${bytes(token)} AND chat_number = ${integer(chat)} AND number IN (${numbers.map(integer).join()})`;
}

/** One row more than asked for tells whether there are more. */
export function pageOfApplications(page: PageRequest<Token>): string {
  return `${APPLICATION} WHERE ${beyond(TOKENS, page)}`;
}

export function pageOfChats(token: Token, page: PageRequest<number>): string {
  return `${CHAT} WHERE token = ${bytes(token)} AND ${beyond(NUMBERS, page)}`;
}

export function pageOfMessages(token: Token, chat: number, page: PageRequest<number>): string {
  const inChat = `token = ${bytes(token)} AND chat_number = ${integer(chat)}`;
  return `SELECT ${MESSAGE_COLUMNS} ${FROM_MESSAGES} WHERE ${inChat} AND ${beyond(NUMBERS, page)}`;
}

interface KeyColumn<Key> {
  readonly column: string;
  readonly literal: (key: Key) => string;
  /** Below and above every key. */
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

/** One row where the owner exists; of nulls where the sequence is empty. */
export function highestChat(token: Token): string {
  const owner = `token = ${bytes(token)}`;
  return `SELECT highest.* FROM applications LEFT JOIN (${highestOf('chats', owner)}) AS highest ON TRUE WHERE ${owner}`;
}

export function highestMessage({ token, chat }: ChatKey): string {
  const highest = highestOf('messages', `token = ${bytes(token)} AND chat_number = ${integer(chat)}`);
  return `SELECT highest.* FROM chats LEFT JOIN (${highest}) AS highest ON TRUE
    WHERE chats.token = ${bytes(token)} AND chats.number = ${integer(chat)}`;
}

function highestOf(table: 'chats' | 'messages', condition: string): string {
  return `SELECT number, event_id, created_at FROM ${table} WHERE ${condition} ORDER BY number DESC LIMIT 1`;
}
