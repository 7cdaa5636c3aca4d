import { NUMBER_MAX, type PageRequest, readingOrder, type Token } from '@parley/domain';
import { bytes, integer } from '../literals.ts';
import { limitsColumn } from './limits.ts';
import { MESSAGE_ROW_COLUMNS } from './message-rows.ts';

/**
 * All reads of the store as SQL. Each uses one index only, with FORCE INDEX: on small or freshly filled tables the
 * optimizer may prefer a full scan.
 */

const MESSAGE_COLUMNS =
  'm.number, m.content, m.version, m.sender_id, m.metadata, m.created_at, m.updated_at, m.deleted_at';

/**
 * The counter generation up to which a row's count is exact. Read it in the same statement as the count, and so in one
 * snapshot: a flush commits both together.
 */
const flushedOf = (table: string) =>
  `(SELECT flushed FROM partitions AS p WHERE p.partition_number = ${table}.partition_number) AS counted_through`;
const APPLICATION = `SELECT a.token, a.name, a.chats_count, a.version, a.metadata, a.retention_days, a.created_at,
  a.updated_at, a.deleted_at, ${limitsColumn('a')}, ${flushedOf('a')} FROM applications AS a`;
const CHAT_COLUMNS = `c.token, c.number, c.name, c.messages_count, c.version, c.metadata, c.created_at, c.updated_at,
  c.deleted_at, ${flushedOf('c')}`;

/** A chat's application must live. STRAIGHT_JOIN: one look-up by its key for each row. */
const ITS_APPLICATION = (table: string) => `STRAIGHT_JOIN applications AS a FORCE INDEX (PRIMARY)
  ON a.partition_number = ${table}.partition_number AND a.token = ${table}.token AND a.deleted_at IS NULL`;

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

/** Deleted ones too, so that the caller can tell them from absent ones; so do the next two. `deletes`: see LivingOwners. */
export function selectApplications(keys: readonly ApplicationKey[]): string {
  return `${APPLICATION} FORCE INDEX (PRIMARY) WHERE (a.partition_number, a.token) IN (${keys.map((key) => `(${owner(key)})`).join()})`;
}

export function selectChats(keys: readonly ChatKey[]): string {
  const list = keys.map((key) => `(${owner(key)},${integer(key.chat)})`);
  return `SELECT ${CHAT_COLUMNS} FROM chats AS c FORCE INDEX (PRIMARY)
    WHERE (c.partition_number, c.token, c.number) IN (${list.join()})`;
}

export function selectMessages(keys: readonly MessageKey[]): string {
  const list = keys.map((key) => `(${owner(key)},${integer(key.chat)},${integer(key.message)})`);
  return `SELECT m.token, m.chat_number, ${MESSAGE_COLUMNS}, p.deletes FROM messages AS m FORCE INDEX (PRIMARY)
    STRAIGHT_JOIN partitions AS p FORCE INDEX (PRIMARY) ON p.partition_number = m.partition_number
    WHERE (m.partition_number, m.token, m.chat_number, m.number) IN (${list.join()})`;
}

export function selectLivingApplications(keys: readonly ApplicationKey[]): string {
  return `SELECT a.token FROM applications AS a FORCE INDEX (PRIMARY)
    WHERE (a.partition_number, a.token) IN (${keys.map((key) => `(${owner(key)})`).join()}) AND a.deleted_at IS NULL`;
}

/** The chats that live, and up to which number their messages are hidden. */
export function selectLivingChats(keys: readonly ChatKey[]): string {
  const list = keys.map((key) => `(${owner(key)},${integer(key.chat)})`);
  return `SELECT c.token, c.number, c.purged_through FROM chats AS c FORCE INDEX (PRIMARY) ${ITS_APPLICATION('c')}
    WHERE (c.partition_number, c.token, c.number) IN (${list.join()}) AND c.deleted_at IS NULL`;
}

/**
 * A page of applications reads all partitions, so it has an index of its own. `rows`: how many rows to read at most,
 * deleted ones included.
 */
export function pageOfApplications(page: PageRequest<Token>, rows: number): string {
  return `${APPLICATION} FORCE INDEX (applications_token) WHERE ${beyond(TOKENS, 'a.token', page, rows)}`;
}

export function pageOfChats(key: ApplicationKey, page: PageRequest<number>, rows: number): string {
  return `SELECT ${CHAT_COLUMNS} FROM chats AS c FORCE INDEX (PRIMARY)
    WHERE ${inApplication(key, 'c.')} AND ${beyond(NUMBERS, 'c.number', page, rows)}`;
}

/** As pageOfChats, without other chats than `only`. It has at least one. */
export function pageOfSomeChats(
  key: ApplicationKey,
  only: readonly number[],
  page: PageRequest<number>,
  rows: number,
): string {
  return `SELECT ${CHAT_COLUMNS} FROM chats AS c FORCE INDEX (PRIMARY)
    WHERE ${inApplication(key, 'c.')} AND c.number IN (${only.map(integer).join()})
    AND ${beyond(NUMBERS, 'c.number', page, rows)}`;
}

/** A page of messages that is to be read. `rows`: how many rows at most, deleted ones included. */
export interface MessagePageRead {
  readonly key: ChatKey;
  readonly page: PageRequest<number>;
  readonly rows: number;
  /** Messages up to this number are left out. */
  readonly hidden: number;
}

/** In the first column of pagesOfMessages, rows of partitions have their number and this; pages have their place. */
export const PARTITION_ROW = 1_000_000;

/**
 * Pages of messages, and of each of their partitions a row with its `deletes`: one statement, and so one snapshot. Each
 * page's rows are in its order.
 */
export function pagesOfMessages(pages: readonly MessagePageRead[]): string {
  const partitions = [...new Set(pages.map(({ key }) => key.partition))];
  const nothing = MESSAGE_ROW_COLUMNS.split(',').fill('NULL').slice(1).join();
  const deletes = `(SELECT p.partition_number + ${PARTITION_ROW}, p.deletes, ${nothing} FROM partitions AS p
    WHERE p.partition_number IN (${partitions.map(integer).join()}))`;
  return [...pages.map((page, place) => `(${pageOfMessages(page, place)})`), deletes].join(' UNION ALL ');
}

function pageOfMessages({ key, page, rows, hidden }: MessagePageRead, place: number): string {
  const visible = hidden === 0 ? '' : `AND m.number > ${integer(hidden)} `;
  return `SELECT ${place}, ${MESSAGE_ROW_COLUMNS} FROM messages AS m FORCE INDEX (PRIMARY)
    WHERE ${inChat(key, 'm.')} ${visible}AND ${beyond(NUMBERS, 'm.number', page, rows)}`;
}

function livingApplication(key: ApplicationKey): string {
  return `${inApplication(key, 'a.')} AND a.deleted_at IS NULL`;
}

function livingChat(key: ChatKey): string {
  return `${isChat(key, 'c.')} AND c.deleted_at IS NULL`;
}

/** A condition on a row below an application: the application lives. */
export function applicationLives(key: ApplicationKey): string {
  return `EXISTS (SELECT 1 FROM applications AS a WHERE ${livingApplication(key)})`;
}

/** A condition on a row below a chat: the chat lives. */
export function chatLives(key: ChatKey): string {
  return `EXISTS (SELECT 1 FROM chats AS c WHERE ${livingChat(key)})`;
}

/** A condition on a message's row: its chat and application live, and the message was not removed. */
export function messageLives(key: MessageKey): string {
  return `EXISTS (SELECT 1 FROM chats AS c WHERE ${livingChat(key)} AND c.purged_through < ${integer(key.message)})
    AND ${applicationLives(key)}`;
}

function owner({ partition, token }: ApplicationKey): string {
  return `${integer(partition)},${bytes(token)}`;
}

/** `table`: the name of the table with a dot, if the statement has several. */
export function inApplication({ partition, token }: ApplicationKey, table = ''): string {
  return `${table}partition_number = ${integer(partition)} AND ${table}token = ${bytes(token)}`;
}

export function isChat(key: ChatKey, table = ''): string {
  return `${inApplication(key, table)} AND ${table}number = ${integer(key.chat)}`;
}

export function inChat(key: ChatKey, table = ''): string {
  return `${inApplication(key, table)} AND ${table}chat_number = ${integer(key.chat)}`;
}

interface KeyColumn<Key> {
  readonly literal: (key: Key) => string;
  /** SQL values below (`lowest`) and above (`highest`) every key. */
  readonly lowest: string;
  readonly highest: string;
}

const TOKENS: KeyColumn<Token> = {
  literal: bytes,
  lowest: `0x${'0'.repeat(32)}`,
  highest: `0x${'f'.repeat(32)}`,
};
const NUMBERS: KeyColumn<number> = {
  literal: integer,
  lowest: '0',
  highest: integer(NUMBER_MAX + 1),
};

function beyond<Key>(
  { literal, lowest, highest }: KeyColumn<Key>,
  column: string,
  page: PageRequest<Key>,
  rows: number,
): string {
  const limit = integer(rows);
  if (readingOrder(page) === 'asc') {
    const after = page.after === undefined ? lowest : literal(page.after);
    return `${column} > ${after} ORDER BY ${column} LIMIT ${limit}`;
  }
  const before = page.before === undefined ? highest : literal(page.before);
  return `${column} < ${before} ORDER BY ${column} DESC LIMIT ${limit}`;
}

/**
 * Returns one row: the partition's `seq`, whether the application (in highestMessage: the chat too) lives, up to which
 * number its rows were removed, and its highest number, null if it has none. One statement, and so one snapshot.
 */
export function highestChat(key: ApplicationKey): string {
  return `SELECT p.seq, a.token IS NOT NULL AS owned, 0 AS purged_through, highest.* FROM partitions AS p
    LEFT JOIN applications AS a FORCE INDEX (PRIMARY) ON ${livingApplication(key)}
    LEFT JOIN (SELECT number, event_id, created_at AS at FROM chats WHERE ${inApplication(key)}
      ORDER BY number DESC LIMIT 1) AS highest ON TRUE WHERE p.partition_number = ${integer(key.partition)}`;
}

export function highestMessage(key: ChatKey): string {
  return `SELECT p.seq, a.token IS NOT NULL AND c.token IS NOT NULL AS owned, c.purged_through, highest.*
    FROM partitions AS p
    LEFT JOIN applications AS a FORCE INDEX (PRIMARY) ON ${livingApplication(key)}
    LEFT JOIN chats AS c FORCE INDEX (PRIMARY) ON ${livingChat(key)}
    LEFT JOIN (SELECT number, event_id, COALESCE(accepted_at, created_at) AS at FROM messages WHERE ${inChat(key)}
      ORDER BY number DESC LIMIT 1) AS highest ON TRUE WHERE p.partition_number = ${integer(key.partition)}`;
}
