import type { Token } from '@parley/domain';
import { bytes, integer } from '../literals.ts';
import type { ChatPlace } from './touched.ts';

/** The statements that keep the table `activity`. */

/**
 * Computes the rows of these chats anew from the stored messages. So it does not matter how often, or in which order,
 * changes are handled, only that each is handled after its commit. Chats that are deleted, or whose application is, get
 * no row. Without locks on what it reads, because the isolation level is READ COMMITTED.
 * ORDER BY has each column that is compared with another table's: else MySQL sorts all messages of the chat. A chat that
 * has only hidden messages is not searched: there may be millions.
 */
export function refreshed(partition: number, chats: readonly ChatPlace[]): string {
  const rows = chats.map(({ token, chat }) => `ROW(${bytes(token)}, ${integer(chat)})`);
  const p = integer(partition);
  const inChat = `partition_number = ${p} AND token = c.token`;
  const newestFirst = 'ORDER BY token DESC, chat_number DESC, number DESC LIMIT 1';
  const searched = `IF(c.purged_through = 0 OR c.purged_through < (SELECT number FROM messages FORCE INDEX (PRIMARY)
    WHERE ${inChat} AND chat_number = c.number ${newestFirst}), c.number, NULL)`;
  return `INSERT INTO activity (partition_number, token, chat_number, last_number, at)
    SELECT * FROM (SELECT ${p}, c.token, c.number, COALESCE(m.number, 0) AS last_number,
        COALESCE(m.accepted_at, m.created_at, c.created_at) AS at
      FROM (VALUES ${rows.join()}) AS touched (token, number)
      STRAIGHT_JOIN chats AS c FORCE INDEX (PRIMARY)
        ON c.partition_number = ${p} AND c.token = touched.token AND c.number = touched.number AND c.deleted_at IS NULL
      STRAIGHT_JOIN applications AS a FORCE INDEX (PRIMARY)
        ON a.partition_number = ${p} AND a.token = touched.token AND a.deleted_at IS NULL
      LEFT JOIN LATERAL (SELECT number, accepted_at, created_at FROM messages FORCE INDEX (PRIMARY)
        WHERE ${inChat} AND chat_number = ${searched} AND number > c.purged_through AND deleted_at IS NULL
        ${newestFirst}) AS m ON TRUE) AS fresh
    ON DUPLICATE KEY UPDATE last_number = fresh.last_number, at = fresh.at`;
}

/** Removes the rows of those of the chats that are deleted, or whose application is. */
export function cleared(partition: number, chats: readonly ChatPlace[]): string {
  const rows = chats.map(({ token, chat }) => `ROW(${bytes(token)}, ${integer(chat)})`);
  const p = integer(partition);
  return `DELETE i FROM (VALUES ${rows.join()}) AS touched (token, number)
    STRAIGHT_JOIN chats AS c FORCE INDEX (PRIMARY)
      ON c.partition_number = ${p} AND c.token = touched.token AND c.number = touched.number
    STRAIGHT_JOIN applications AS a FORCE INDEX (PRIMARY)
      ON a.partition_number = ${p} AND a.token = touched.token AND (c.deleted_at IS NOT NULL OR a.deleted_at IS NOT NULL)
    STRAIGHT_JOIN activity AS i FORCE INDEX (PRIMARY)
      ON i.partition_number = ${p} AND i.token = touched.token AND i.chat_number = touched.number`;
}

/** Removes rows of an application, at most `limit`. */
export function clearedOf(partition: number, token: Token, limit: number): string {
  return `DELETE /*+ INDEX(activity PRIMARY) */ FROM activity
    WHERE partition_number = ${integer(partition)} AND token = ${bytes(token)} ORDER BY chat_number LIMIT ${integer(limit)}`;
}

/** Chats of an application that have no row; none if it is deleted. */
export function missingOf(partition: number, token: Token, limit: number): string {
  const p = integer(partition);
  return `SELECT c.token, c.number FROM chats AS c FORCE INDEX (PRIMARY)
    LEFT JOIN activity AS i FORCE INDEX (PRIMARY)
      ON i.partition_number = ${p} AND i.token = ${bytes(token)} AND i.chat_number = c.number
    WHERE c.partition_number = ${p} AND c.token = ${bytes(token)} AND c.deleted_at IS NULL AND i.chat_number IS NULL
      AND EXISTS (SELECT 1 FROM applications AS a FORCE INDEX (PRIMARY)
        WHERE a.partition_number = ${p} AND a.token = ${bytes(token)} AND a.deleted_at IS NULL)
    ORDER BY c.number LIMIT ${integer(limit)}`;
}

/** The next chats of a partition. */
export function chatsAfter(partition: number, after: ChatPlace, limit: number): string {
  const here = `partition_number = ${integer(partition)}`;
  const token = bytes(after.token);
  return `SELECT token, number FROM chats FORCE INDEX (PRIMARY)
    WHERE (${here} AND token > ${token}) OR (${here} AND token = ${token} AND number > ${integer(after.chat)})
    ORDER BY token, number LIMIT ${integer(limit)}`;
}
