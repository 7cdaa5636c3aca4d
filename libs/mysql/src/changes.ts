import type { BatchRecord } from './batch-record.ts';
import { commitStatements } from './commit.ts';
import { integer, text, time } from './literals.ts';
import type { Pool } from './pool.ts';
import type { ApplicationRow, ChatRow, MessageRow } from './read/rows.ts';
import {
  type ApplicationKey,
  type ChatKey,
  inApplication,
  inChat,
  type MessageKey,
  selectApplications,
  selectChats,
  selectMessages,
} from './read/statements.ts';

/**
 * Changes of names and messages. Each is a transaction that changes the row and reads it back while it is locked. So it
 * returns this change, not a later one. `updated_at` never goes back, even if the clocks of several processes differ.
 */

/** The record of a change of a name: empty, because the search index contains no names. */
const NOTHING: BatchRecord = { messages: [], chats: [], documents: 0 };

export function renameApplication(pool: Pool, key: ApplicationKey, name: string): Promise<ApplicationRow | undefined> {
  const update = `UPDATE applications SET name = ${text(name)}, ${touched()} WHERE ${inApplication(key)}`;
  return change(pool, key, update, NOTHING, selectApplications([key]));
}

export function renameChat(pool: Pool, key: ChatKey, name: string): Promise<ChatRow | undefined> {
  const update = `UPDATE chats SET name = ${text(name)}, ${touched()}
    WHERE ${inApplication(key)} AND number = ${integer(key.chat)}`;
  return change(pool, key, update, NOTHING, selectChats([key]));
}

/** Commits the new version of the message together with its record for the indexer. */
export function rewriteMessage(pool: Pool, key: MessageKey, content: string): Promise<MessageRow | undefined> {
  const { token, chat, message } = key;
  const update = `UPDATE messages SET content = ${text(content)}, version = version + 1, ${touched()}
    WHERE ${inChat(key)} AND number = ${integer(message)}`;
  const record = { messages: [[token, [[chat, message, message]]]], chats: [], documents: 1 } as const;
  return change(pool, key, update, record, selectMessages([key]));
}

function change<Row>(
  pool: Pool,
  { partition }: ApplicationKey,
  update: string,
  record: BatchRecord,
  select: string,
): Promise<Row | undefined> {
  return pool.transaction(async (session) => {
    const [, changed] = (await session.send(['BEGIN', update])) as { affectedRows: number }[];
    if (changed?.affectedRows === 0) {
      await session.change('ROLLBACK');
      return undefined;
    }
    const results = await session.send([select], commitStatements({ partition, counted: false }, record));
    return (results[0] as Row[])[0];
  });
}

function touched(): string {
  return `updated_at = GREATEST(updated_at, ${time(Date.now())})`;
}
