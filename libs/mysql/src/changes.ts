import {
  type ApplicationChange,
  applicationRecord,
  type ChangeRecord,
  chatRecord,
  Gone,
  LIMIT_NAMES,
  type MessageChange,
  messageRecord,
  NotYours,
  type OwnerChange,
  SenderFixed,
  VersionConflict,
} from '@parley/domain';
import { commitStatements } from './commit.ts';
import { DatabaseFault } from './faults.ts';
import { integer, optional, text, time } from './literals.ts';
import type { Pool } from './pool.ts';
import { LIMIT_COLUMNS } from './read/limits.ts';
import type { ApplicationRow, ChatRow, MessageRow } from './read/rows.ts';
import {
  type ApplicationKey,
  applicationLives,
  type ChatKey,
  inApplication,
  inChat,
  isChat,
  type MessageKey,
  messageLives,
  selectApplications,
  selectChats,
  selectMessages,
} from './read/statements.ts';
import type { Session } from './session.ts';
import { type TargetState, targetState } from './target-state.ts';

/**
 * Changes of applications, chats and messages. Each is a transaction that changes the row and reads it back while it is
 * locked. So it returns this change, not a later one. `updated_at` never goes back, even if the clocks of several
 * processes differ.
 *
 * The conditions of a change (it lives, its version, its sender) are in the UPDATE itself. Only if it matches no row, a
 * read in the same transaction tells why.
 */

export function changeApplication(
  pool: Pool,
  key: ApplicationKey,
  wanted: ApplicationChange,
): Promise<ApplicationRow | undefined> {
  return change(pool, {
    what: 'application',
    key,
    update: applicationUpdate(key, wanted),
    versions: wanted.versions,
    record: applicationRecord('updated', key.token),
    select: selectApplications([key]),
    state: targetState.application(key),
  });
}

export function changeChat(pool: Pool, key: ChatKey, wanted: OwnerChange): Promise<ChatRow | undefined> {
  return change(pool, {
    what: 'chat',
    key,
    update: chatUpdate(key, wanted),
    versions: wanted.versions,
    record: chatRecord('updated', key.token, key.chat),
    select: selectChats([key]),
    state: targetState.chat(key),
  });
}

/** Commits the new version of the message together with its record for the indexer. */
export function changeMessage(pool: Pool, key: MessageKey, wanted: MessageChange): Promise<MessageRow | undefined> {
  return change(pool, {
    what: 'message',
    key,
    update: messageUpdate(key, wanted),
    versions: wanted.versions,
    by: wanted.by,
    senderId: wanted.senderId,
    record: messageRecord('updated', key.token, key.chat, key.message),
    select: selectMessages([key]),
    state: targetState.message(key),
  });
}

export function applicationUpdate(key: ApplicationKey, wanted: ApplicationChange): string {
  const { name, metadata, retentionDays, limits, versions } = wanted;
  const values = {
    name: name === undefined ? undefined : text(name),
    metadata: metadataValue(metadata),
    retention_days: numberValue(retentionDays),
    ...limitValues(limits),
  };
  return updateOf('applications', values, inApplication(key), versions);
}

export function chatUpdate(key: ChatKey, { name, metadata, versions }: OwnerChange): string {
  const values = { name: name === undefined ? undefined : text(name), metadata: metadataValue(metadata) };
  return updateOf('chats', values, `${isChat(key)} AND ${applicationLives(key)}`, versions);
}

export function messageUpdate(key: MessageKey, wanted: MessageChange): string {
  const { content, metadata, by, senderId, versions } = wanted;
  const values = { content: content === undefined ? undefined : text(content), metadata: metadataValue(metadata) };
  const senders = `${isSender(by)}${isSender(senderId)}`;
  const where = `${inChat(key)} AND number = ${integer(key.message)} AND ${messageLives(key)}${senders}`;
  return updateOf('messages', values, where, versions);
}

/** A further condition on a message's row. One without a sender does not match. */
export function isSender(id: string | undefined): string {
  return id === undefined ? '' : ` AND sender_id = ${text(id)}`;
}

function metadataValue(metadata: string | null | undefined): string | undefined {
  return metadata === undefined ? undefined : optional(metadata);
}

function numberValue(value: number | null | undefined): string | undefined {
  if (value === undefined) return undefined;
  return value === null ? 'NULL' : integer(value);
}

/** The programs look for changed limits by their time, which is the database's. */
function limitValues(limits: ApplicationChange['limits']): Record<string, string | undefined> {
  if (limits === undefined) return {};
  const values = LIMIT_NAMES.map((name) => [LIMIT_COLUMNS[name], numberValue(limits[name])] as const);
  return { ...Object.fromEntries(values), limits_changed_at: 'NOW(3)' };
}

interface Change {
  readonly what: 'application' | 'chat' | 'message';
  readonly key: ApplicationKey;
  readonly update: string;
  readonly versions: readonly number[] | undefined;
  readonly by?: string | undefined;
  readonly senderId?: string | undefined;
  readonly record: ChangeRecord;
  /** Reads the row back. */
  readonly select: string;
  /** Reads a TargetState. */
  readonly state: string;
}

function change<Row>(pool: Pool, wanted: Change): Promise<Row | undefined> {
  const { key, update, record, select, versions } = wanted;
  return pool.transaction(async (session) => {
    const [, changed] = (await session.send(['BEGIN', update])) as { affectedRows: number }[];
    if (changed?.affectedRows === 0) {
      const refusal = await refusalOfChange(session, wanted);
      if (refusal !== undefined) throw refusal;
      await session.change('ROLLBACK');
      return undefined;
    }
    const end = commitStatements({ partition: key.partition, counted: false }, record);
    const results = await session.send([select], end).catch((error: unknown) => {
      throw versions === undefined ? error : unlessRepeated(error);
    });
    return (results[0] as Row[])[0];
  });
}

/** Why the UPDATE matched no row; undefined if there is no such row. */
async function refusalOfChange(session: Session, { what, state, by, versions, senderId }: Change) {
  const [found] = await session.select<TargetState>(state);
  if (found === undefined) return undefined;
  if (found.deleted === 1) return new Gone(what);
  if (by !== undefined && found.sender !== by) return new NotYours();
  if (versions !== undefined && !versions.includes(found.version)) return new VersionConflict();
  if (senderId !== undefined && found.sender !== senderId) return new SenderFixed();
  // It was changed between the UPDATE and this read: the whole transaction is tried again.
  return new DatabaseFault('contention', 'CHANGED_MEANWHILE');
}

/**
 * After a lost connection the pool would repeat the transaction. If the lost one was committed, the repetition would
 * find its own version, and report a conflict for a change that succeeded.
 */
function unlessRepeated(error: unknown): unknown {
  if (!(error instanceof DatabaseFault) || error.kind !== 'disconnected') return error;
  return new DatabaseFault('outage', error.code);
}

/** `values`: columns and their SQL; undefined ones stay. `versions`: the row must have one of these. */
export function updateOf(
  table: 'applications' | 'chats' | 'messages',
  values: Readonly<Record<string, string | undefined>>,
  where: string,
  versions: readonly number[] | undefined,
): string {
  const given = Object.entries(values).flatMap(([column, sql]) => (sql === undefined ? [] : [`${column} = ${sql}`]));
  const set = [...given, 'version = version + 1', `updated_at = GREATEST(updated_at, ${time(Date.now())})`];
  const condition = versions === undefined ? '' : ` AND version IN (${versions.map(integer).join() || 'NULL'})`;
  return `UPDATE ${table} SET ${set.join(', ')} WHERE ${where} AND deleted_at IS NULL${condition}`;
}
