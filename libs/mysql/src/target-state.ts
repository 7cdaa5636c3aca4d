import { integer } from './literals.ts';
import {
  type ApplicationKey,
  applicationLives,
  type ChatKey,
  inApplication,
  inChat,
  isChat,
  type MessageKey,
} from './read/statements.ts';

/** Why a change or delete matched no row. */
export interface TargetState {
  /** 1 if it was deleted, or its row was removed because it was too old. */
  readonly deleted: 0 | 1;
  readonly version: number;
  readonly sender: string | null;
}

/** SELECTs of one TargetState: no row if there is no such thing, or if what it belongs to does not live. */
export const targetState = {
  application(key: ApplicationKey): string {
    return `SELECT deleted_at IS NOT NULL AS deleted, version, NULL AS sender FROM applications
      WHERE ${inApplication(key)}`;
  },

  chat(key: ChatKey): string {
    return `SELECT deleted_at IS NOT NULL AS deleted, version, NULL AS sender FROM chats
      WHERE ${isChat(key)} AND ${applicationLives(key)}`;
  },

  /** Also for a message whose row is removed. */
  message(key: MessageKey): string {
    const number = integer(key.message);
    return `SELECT m.deleted_at IS NOT NULL OR c.purged_through >= ${number} AS deleted, COALESCE(m.version, 0) AS version,
      m.sender_id AS sender FROM chats AS c
      LEFT JOIN messages AS m FORCE INDEX (PRIMARY) ON ${inChat(key, 'm.')} AND m.number = ${number}
      WHERE ${isChat(key, 'c.')} AND c.deleted_at IS NULL AND (m.number IS NOT NULL OR c.purged_through >= ${number})
      AND ${applicationLives(key)}`;
  },
};
