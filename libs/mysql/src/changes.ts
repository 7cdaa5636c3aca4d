import type { Token } from '@parley/domain';
import { insertBatch } from './append/append.ts';
import type { BatchRecord } from './batch-record.ts';
import { bytes, integer, text, time } from './literals.ts';
import type { Pool } from './pool.ts';
import type { ApplicationRow, ChatRow, MessageRow } from './read/rows.ts';
import { type ChatKey, type MessageKey, selectApplications, selectChats, selectMessages } from './read/statements.ts';

/**
 * The changes: each a transaction that changes the row and reads it back while it is still locked, so the answer is this
 * change and not a later one. `updated_at` never goes back, whatever the clocks of several processes say.
 */

/** The counter generation of batches that add nothing: it counts as summed from the beginning. */
const NOTHING_TO_COUNT = 0;

export function renameApplication(pool: Pool, token: Token, name: string): Promise<ApplicationRow | undefined> {
  return pool.transaction(async (session) => {
    await session.change(`UPDATE applications SET name = ${text(name)}, ${touched()} WHERE token = ${bytes(token)}`);
    const [row] = await session.select<ApplicationRow>(selectApplications([token]));
    return row;
  });
}

export function renameChat(pool: Pool, key: ChatKey, name: string): Promise<ChatRow | undefined> {
  return pool.transaction(async (session) => {
    await session.change(
      `UPDATE chats SET name = ${text(name)}, ${touched()}
       WHERE token = ${bytes(key.token)} AND number = ${integer(key.chat)}`,
    );
    const [row] = await session.select<ChatRow>(selectChats([key]));
    return row;
  });
}

/** The new version and its record for the indexer are committed together. */
export function rewriteMessage(pool: Pool, key: MessageKey, content: string): Promise<MessageRow | undefined> {
  const { token, chat, message } = key;
  const record: BatchRecord = { messages: [[token, [[chat, message, message]]]], chats: [], documents: 1 };
  return pool.transaction(async (session) => {
    const changed = await session.change(
      `UPDATE messages SET content = ${text(content)}, version = version + 1, ${touched()}
       WHERE token = ${bytes(token)} AND chat_number = ${integer(chat)} AND number = ${integer(message)}`,
    );
    if (changed.matched === 0) return undefined;
    await insertBatch(session, NOTHING_TO_COUNT, record);
    const [row] = await session.select<MessageRow>(selectMessages([key]));
    return row;
  });
}

function touched(): string {
  return `updated_at = GREATEST(updated_at, ${time(Date.now())})`;
}
