import type { Owner, Token } from '@parley/domain';
import { bytes, integer, time } from '../literals.ts';

/** The statements of a purge. Every one reads a range of a key (see plans.test.ts). */

export interface PurgeKey {
  readonly partition: number;
  readonly token: Token;
  /** 0: the application itself. */
  readonly chat: number;
}

export function purgeKey(partition: number, { token, chat = 0 }: Owner): PurgeKey {
  return { partition, token, chat };
}

const inApplication = ({ partition, token }: PurgeKey) =>
  `partition_number = ${integer(partition)} AND token = ${bytes(token)}`;
const inChat = (key: PurgeKey) => `${inApplication(key)} AND chat_number = ${integer(key.chat)}`;
/** All rows below the application, or only those below the chat. */
const below = (key: PurgeKey) => (key.chat === 0 ? inApplication(key) : inChat(key));

export function oldestTask(partition: number): string {
  return `SELECT token, chat_number, through, created_at FROM purges FORCE INDEX (purges_created_at)
    WHERE partition_number = ${integer(partition)} ORDER BY created_at LIMIT 1`;
}

export function latestTasks(partition: number, limit: number): string {
  return `SELECT token, chat_number, through, created_at FROM purges FORCE INDEX (purges_created_at)
    WHERE partition_number = ${integer(partition)} ORDER BY created_at DESC LIMIT ${integer(limit)}`;
}

export const WAITING = 'SELECT COUNT(*) AS tasks, MIN(created_at) AS oldest FROM purges';

/** Locks the task, so that no other process works on it, and a delete of its chat waits. */
export function lockTask(key: PurgeKey): string {
  return `SELECT through FROM purges WHERE ${inChat(key)} FOR UPDATE`;
}

export function removeTask(key: PurgeKey): string {
  return `DELETE FROM purges WHERE ${inChat(key)}`;
}

export interface Place {
  readonly chat_number: number;
  readonly number: number;
}

/**
 * The next messages of a task after a place. `through`: only up to this number, whose own row stays once it is erased
 * (see eraseLast).
 */
export function messagesToRemove(
  key: PurgeKey,
  through: number | undefined,
  after: Place | undefined,
  limit: number,
): string {
  const last = through === undefined ? '' : integer(through);
  const upTo = through === undefined ? '' : ` AND number <= ${last} AND (number < ${last} OR deleted_at IS NULL)`;
  return `SELECT chat_number, number, deleted_at IS NOT NULL AS deleted FROM messages FORCE INDEX (PRIMARY)
    WHERE ${below(key)}${upTo}${following(key, after)}
    ORDER BY chat_number, number LIMIT ${integer(limit)} FOR UPDATE`;
}

function following(key: PurgeKey, after: Place | undefined): string {
  if (after === undefined) return '';
  const number = integer(after.number);
  if (key.chat !== 0) return ` AND number > ${number}`;
  const chat = integer(after.chat_number);
  return ` AND (chat_number > ${chat} OR (chat_number = ${chat} AND number > ${number}))`;
}

export interface MessageToRemove extends Place {
  /** 1 if it is a tombstone: it is counted and announced as deleted already. */
  readonly deleted: 0 | 1;
}

/** Deletes by a join, because a long list of keys in the WHERE may be taken for a scan of the table. */
export function removeMessages({ partition, token }: PurgeKey, messages: readonly MessageToRemove[]): string {
  const rows = messages.map(({ chat_number, number }) => `ROW(${integer(chat_number)}, ${integer(number)})`);
  return `DELETE m FROM (VALUES ${rows.join()}) AS removed (chat, number)
    STRAIGHT_JOIN messages AS m FORCE INDEX (PRIMARY)
    ON m.partition_number = ${integer(partition)} AND m.token = ${bytes(token)}
    AND m.chat_number = removed.chat AND m.number = removed.number`;
}

/**
 * Makes a tombstone of the last message that is too old, instead of removing its row: it tells in which epoch and when the
 * chat's last number was drawn. Without that, nobody would notice if Redis lost the chat's counter, and a number could
 * be given twice.
 */
export function eraseLast(key: PurgeKey, number: number, now: number): string {
  return `UPDATE messages SET content = '', sender_id = NULL, metadata = NULL, version = version + 1,
    deleted_at = ${time(now)}, updated_at = GREATEST(updated_at, ${time(now)})
    WHERE ${inChat(key)} AND number = ${integer(number)}`;
}

/**
 * What is removed after the messages, in this order. The idempotency keys of a chat stay until they expire: they have
 * no contents, and their key does not name the chat.
 */
export function removalsBelow(key: PurgeKey): ((limit: number) => string)[] {
  const remove = (table: string, where: string, order: string) => (limit: number) =>
    `DELETE FROM \`${table}\` WHERE ${where} ORDER BY ${order} LIMIT ${integer(limit)}`;
  const ofChats = ['reads', 'activity'].map((table) =>
    remove(table, below(key), table === 'reads' ? 'chat_number, user_id' : 'chat_number'),
  );
  if (key.chat !== 0) return ofChats;
  const here = `partition_number = ${integer(key.partition)}`;
  return [
    remove('chats', inApplication(key), 'number'),
    remove('idempotency', `${here} AND scope = ${bytes(key.token)}`, 'key_hash'),
    ...ofChats,
  ];
}

/** Applications that keep messages for a limited time. Sorts them: there are few, and this runs once an hour. */
export function retainedApplications(partition: number, after: Token | undefined, limit: number): string {
  const following = after === undefined ? '' : ` AND token > ${bytes(after)}`;
  return `SELECT token, retention_days FROM applications FORCE INDEX (applications_retention)
    WHERE partition_number = ${integer(partition)} AND retention_days > 0${following} AND deleted_at IS NULL
    ORDER BY token LIMIT ${integer(limit)}`;
}

/** A condition: the application lives, and keeps its messages for at most so many days. */
function keepsAtMost(key: PurgeKey, days: number): string {
  return `(SELECT a.retention_days FROM applications AS a FORCE INDEX (PRIMARY)
    WHERE a.partition_number = ${integer(key.partition)} AND a.token = ${bytes(key.token)}
    AND a.deleted_at IS NULL) <= ${integer(days)}`;
}

/**
 * The next chats of an application, each with its first message that is not hidden, if there is one. No chats if it
 * keeps its messages for more than so many days by now.
 */
export function firstMessages(key: PurgeKey, days: number, after: number, limit: number): string {
  const here = inApplication(key);
  return `SELECT c.number AS chat, m.number, m.at
    FROM (SELECT number, purged_through FROM chats FORCE INDEX (PRIMARY)
          WHERE ${here} AND number > ${integer(after)} AND deleted_at IS NULL AND ${keepsAtMost(key, days)}
          ORDER BY number LIMIT ${integer(limit)}) AS c
    LEFT JOIN LATERAL (SELECT number, COALESCE(accepted_at, created_at) AS at FROM messages FORCE INDEX (PRIMARY)
          WHERE ${here} AND chat_number = c.number AND number > c.purged_through
          ORDER BY number LIMIT 1) AS m ON TRUE
    ORDER BY c.number`;
}

/** The chat's last message up to `upTo`, with the time of its acceptance. */
export function lastMessage(key: PurgeKey, upTo?: number): string {
  const limit = upTo === undefined ? '' : ` AND number <= ${integer(upTo)}`;
  return `SELECT number, COALESCE(accepted_at, created_at) AS at FROM messages FORCE INDEX (PRIMARY)
    WHERE ${inChat(key)}${limit} ORDER BY number DESC LIMIT 1`;
}

export interface Hidden {
  readonly chat: number;
  /** Messages up to this number are too old. */
  readonly through: number;
}

/** `days`: see firstMessages. */
export function hideMessages(key: PurgeKey, days: number, chats: readonly Hidden[]): string {
  return `UPDATE ${valuesOf(chats)} STRAIGHT_JOIN chats AS c FORCE INDEX (PRIMARY)
    ON c.partition_number = ${integer(key.partition)} AND c.token = ${bytes(key.token)} AND c.number = hidden.chat
    SET c.purged_through = hidden.through
    WHERE c.deleted_at IS NULL AND c.purged_through < hidden.through AND ${keepsAtMost(key, days)}`;
}

/** A task for each chat in which hideMessages has hidden messages. A task for the whole chat stays one. */
export function addTasks({ partition, token }: PurgeKey, chats: readonly Hidden[], now: number): string {
  return `INSERT INTO purges (partition_number, token, chat_number, through, created_at)
    SELECT ${integer(partition)}, ${bytes(token)}, c.number, hidden.through, ${time(now)}
    FROM ${valuesOf(chats)} STRAIGHT_JOIN chats AS c FORCE INDEX (PRIMARY)
    ON c.partition_number = ${integer(partition)} AND c.token = ${bytes(token)} AND c.number = hidden.chat
    WHERE c.deleted_at IS NULL AND c.purged_through = hidden.through
    ON DUPLICATE KEY UPDATE through = IF(purges.through IS NULL, NULL, GREATEST(purges.through, VALUES(through)))`;
}

function valuesOf(chats: readonly Hidden[]): string {
  const rows = chats.map(({ chat, through }) => `ROW(${integer(chat)}, ${integer(through)})`);
  return `(VALUES ${rows.join()}) AS hidden (chat, through)`;
}
