import type { Database } from 'bun:sqlite';
import { NUMBER_BITS } from './database.ts';

/** Keeps `last_number` and `active_at` of chats right when their last messages are deleted or removed. */
export function lastMessages(database: Database) {
  const refresh = database.query<unknown, [number, number]>(
    `UPDATE chats SET (last_number, active_at) = (
       SELECT coalesce(max(number), 0), coalesce(max(at), chats.created_at) FROM (
         SELECT id & ${2 ** NUMBER_BITS - 1} AS number, coalesce(accepted_at, created_at) AS at FROM messages
         WHERE id > (?1 << ${NUMBER_BITS}) + chats.purged_through AND id < (?1 << ${NUMBER_BITS}) + ?2
           AND deleted_at IS NULL ORDER BY id DESC LIMIT 1))
     WHERE id = ?1 AND last_number <= ?2 AND active_at IS NOT NULL`,
  );
  return {
    /** Finds a chat's last message again, if it was `number` or an earlier one: that is not there any more. */
    refresh: (chatId: number, number: number) => {
      refresh.run(chatId, number);
    },
  };
}
